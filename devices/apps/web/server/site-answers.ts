/** From a request to the site that answers it, and to its answer. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SiteConfig, WebConfig } from '../../../control/config.js';
import type { Environment } from '../../machine.js';
import { AccessLog } from './access-log.js';
import { Application, type ApplicationTools } from './application.js';
import { Compressor } from './codings.js';
import type { Connection } from './connection.js';
import { echo } from './echo.js';
import { type Exchange, Reply } from './reply.js';
import { SharedBytes } from './shared-bytes.js';
import { SiteFiles } from './site-files.js';
import { findRedirect, findSite, hasValidHost, hostName, parseTarget, pathSegments, type Target } from './sites.js';
import { type StaticTools, sendFile } from './static-file.js';

/** Longest request target, characters; RFC 9112 section 3 wants 8000 at least. Of a longer one the answer is 414. */
export const MAX_TARGET = 8_192;

const FILE_METHODS = 'GET, HEAD, OPTIONS';
const HTTPS_PORT = 443;

export class SiteAnswers {
  private readonly config: WebConfig;
  private readonly env: Environment;
  private readonly accessLog: AccessLog | undefined;
  private readonly tools: Omit<StaticTools, 'root'>;

  private readonly applicationTools: ApplicationTools;
  private readonly shared = new SharedBytes();
  private readonly apps = new Map<SiteConfig, Application>();

  constructor(config: WebConfig, tools: ApplicationTools) {
    const { env } = tools;
    this.config = config;
    this.env = env;
    this.applicationTools = tools;
    this.accessLog = config.accessLog && env.logFiles && new AccessLog(env.logFiles, config.accessLog);
    this.tools = {
      compressor: new Compressor(),
      random: env.random.fork('web-server'),
      now: () => env.wallClock(),
    };
  }

  get hasApplications(): boolean {
    return this.config.sites.some(({ app }) => app !== undefined);
  }

  /** Loads the applications. */
  start(): void {
    for (const site of this.config.sites) {
      if (site.app !== undefined) this.apps.set(site, new Application(site.app, this.applicationTools));
    }
  }

  /** Why applications cannot start, once that is known of all; empty when they can. */
  async faults(): Promise<string[]> {
    const results = await Promise.allSettled([...this.apps.values()].map((app) => app.ready));
    return results.flatMap((result) => (result.status === 'rejected' ? [(result.reason as Error).message] : []));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.apps.values()].map((app) => app.stop()));
  }

  /** What TLS may agree on with who asks for this name, the best first. Frameworks are written for HTTP/1.1. */
  protocolsFor(serverName: string): readonly string[] {
    return this.siteFor(serverName)?.app === undefined ? ['h2', 'http/1.1'] : ['http/1.1'];
  }

  /** False when no application takes the connection over. */
  async upgrade(connection: Connection, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<boolean> {
    const { host } = request.headers;
    const site = this.siteFor(host);
    const app = site && this.apps.get(site);
    if (app === undefined || !hasValidHost(request) || this.refusal(connection, site, host) !== undefined) return false;
    if (connection.secure === undefined && site?.https === 'only') return false;
    return app.upgrade(request, socket, head);
  }

  open(exchange: Exchange): Reply {
    return new Reply(exchange, this.env, this.accessLog);
  }

  /** A request that could not even be read: into the access log, as nginx and Apache write it. */
  logRefusal({ socket }: Connection, status: number): void {
    const atMs = this.env.wallClock();
    this.accessLog?.write({ remoteAddress: socket.remoteAddress ?? '', atMs, requestLine: '-', status });
  }

  async answer(reply: Reply): Promise<void> {
    const { method, url = '' } = reply.request;
    if (reply.connection.misplaced) {
      reply.closeAfterwards().sendPage(400, 'This is plain HTTP on the port of HTTPS.');
      return;
    }
    if (url.length > MAX_TARGET) {
      reply.sendPage(414, 'The address is too long.');
      return;
    }
    if (method === 'OPTIONS' && url === '*') {
      reply.set('Allow', FILE_METHODS).send(204);
      return;
    }
    const target = parseTarget(url);
    if (target === undefined) {
      reply.sendPage(400, 'This is no address of a page.');
      return;
    }
    const host = target.host ?? reply.host;
    if (!hasValidHost(reply.request, host)) {
      reply.closeAfterwards().sendPage(400, 'It is not clear which host is asked.');
      return;
    }
    const site = this.siteFor(host);
    const refused = this.refusal(reply.connection, site, host, reply.isHttp2);
    if (refused !== undefined) reply.sendPage(refused, 'There is no such site here.');
    else if (site !== undefined) await this.answerFrom(site, reply, target, host);
  }

  /** The site of a host; the first one for all others, unless the server is strict. */
  private siteFor(host: string | undefined): SiteConfig | undefined {
    const { sites, unknownHost } = this.config;
    return findSite(sites, host) ?? (unknownHost === undefined ? sites[0] : undefined);
  }

  /**
   * The status of a request that this server, or this connection, is not for. RFC 9110 section 15.5.20: 421 where TLS has
   * vouched for another name than the one that is asked.
   */
  private refusal(
    { secure }: Connection,
    site: SiteConfig | undefined,
    host: string | undefined,
    isHttp2 = false,
  ): number | undefined {
    if (site === undefined) return this.config.unknownHost ?? 404;
    if (secure === undefined) return undefined;
    if (site.https === 'off' || (isHttp2 && site.app !== undefined)) return 421;
    const name = hostName(host ?? '');
    const isVouchedFor = secure.serverName === '' || secure.serverName === name || secure.names.includes(name);
    return isVouchedFor ? undefined : 421;
  }

  private async answerFrom(site: SiteConfig, reply: Reply, target: Target, host = ''): Promise<void> {
    const { method } = reply.request;
    const { secure } = reply.connection;
    if (secure === undefined && site.https === 'only') {
      reply.redirect(308, this.secureLocation(site, host, target));
      return;
    }
    // RFC 6797 section 7.2: never by plain http.
    if (secure !== undefined && site.hstsSeconds !== undefined) {
      reply.set('Strict-Transport-Security', `max-age=${site.hstsSeconds}`);
    }
    if (isTooLong(reply, site)) {
      await reply.closeAfterwards().sendError(413, 'The body is too long.');
      return;
    }
    const app = this.apps.get(site);
    if (app !== undefined) {
      await app.handle(reply, site.maxBodyBytes);
      return;
    }
    reply.errorPages = (status) => this.errorPage(site, status);
    const redirect = findRedirect(site.redirects ?? [], target);
    if (redirect) reply.redirect(redirect.status, redirect.location);
    else if (site.echoPath === target.path) await echo(reply, site);
    else if (method === 'OPTIONS') reply.set('Allow', FILE_METHODS).send(204);
    else if (method !== 'GET' && method !== 'HEAD') await reply.refuseMethod(FILE_METHODS);
    else await this.serveFile(reply, site, target);
  }

  private secureLocation(site: SiteConfig, host: string, { path, query }: Target): string {
    const { httpsPort = HTTPS_PORT } = this.config;
    // A name that is none of the site's own would send people to whom a stranger likes.
    const name = findSite([site], host) === undefined ? site.names[0] : hostName(host);
    return `https://${name}${httpsPort === HTTPS_PORT ? '' : `:${httpsPort}`}${path}${query}`;
  }

  private async serveFile(reply: Reply, site: SiteConfig, { path, query }: Target): Promise<void> {
    const segments = pathSegments(path);
    if (segments === undefined) {
      await reply.sendError(400, 'There can be no such path.');
      return;
    }
    if (site.root === undefined) {
      await reply.sendError(404, 'This site has no files.');
      return;
    }
    const found = await new SiteFiles(this.env.files, site.root, this.shared).find(segments);
    if (found.kind === 'file') {
      await sendFile(reply, site, found.file, { ...this.tools, root: site.root });
    } else if (found.kind === 'folder') {
      // A leading "//" would name another host.
      reply.redirect(301, `${path.replace(/^\/+/, '/')}/${query}`);
    } else {
      await reply.sendError(404, `There is no ${path} here.`);
    }
  }

  /** The site's own page for an error; "/404.html" is one without being named. */
  private async errorPage(site: SiteConfig, status: number) {
    const path = site.errorPages?.[status] ?? (status === 404 ? '/404.html' : undefined);
    if (path === undefined || site.root === undefined) return undefined;
    return new SiteFiles(this.env.files, site.root, this.shared).page(path);
  }
}

/** Told by its length; a body that comes in chunks is counted by who reads it. */
function isTooLong({ request }: Reply, { maxBodyBytes }: SiteConfig): boolean {
  return maxBodyBytes !== undefined && Number(request.headers['content-length'] ?? 0) > maxBodyBytes;
}
