/** Web sites of hosts: the folders must be there before anything starts. */
import { type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AppConfig, RedirectConfig, SiteConfig } from '../../devices/control.js';
import type { Draft, DraftDevice } from './draft.js';
import type { WebPlan } from './model.js';
import type { SiteFile } from './schema-sites.js';
import { siteRules } from './site-rules.js';
import type { Path } from './source.js';

const HOST_NAME = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i;
const STATUS_MOVED = 301;
const DEFAULT_LOG_FORMAT = 'common';

/** `folder` is what relative folders are relative to: the topology file's own. */
export function webOf(draft: Draft, device: DraftDevice, folder: string): WebPlan | undefined {
  if (device.file.kind !== 'host' || device.file.sites === undefined) return undefined;
  const sites = Object.entries(device.file.sites).map(([name, file]) => {
    const path = [...device.path, 'sites', name];
    if (!HOST_NAME.test(name) || name.length > 253) {
      draft.problems.add('site', path, `"${name}" is not a host name`, { key: true });
    }
    return siteOf(draft, name, file, folder, path);
  });
  if (sites.length === 0) return undefined;
  const { webPort, httpsPort, unknownHost, accessLog } = device.file;
  if ((webPort ?? 80) === (httpsPort ?? 443)) {
    const key = httpsPort === undefined ? 'webPort' : 'httpsPort';
    draft.problems.add('site', [...device.path, key], `http and https cannot both be on port ${webPort ?? 80}`);
  }
  return {
    ...(webPort !== undefined && { port: webPort }),
    ...(httpsPort !== undefined && { httpsPort }),
    ...(typeof unknownHost === 'number' && { unknownHost }),
    ...(accessLog !== 'off' && { accessLogFormat: accessLog ?? DEFAULT_LOG_FORMAT }),
    sites,
  };
}

function siteOf(draft: Draft, name: string, file: SiteFile, folder: string, path: Path): SiteConfig {
  const isShort = typeof file === 'string';
  const long = isShort ? { root: file } : file;
  const root = long.root === undefined ? undefined : resolve(folder, long.root);
  if (root !== undefined && !isFolder(root)) {
    const message = `the site folder "${long.root}" does not exist; it is looked for beside the topology file`;
    draft.problems.add('site', isShort ? path : [...path, 'root'], message);
  }
  const content = [long.root, long.redirect, long.redirects, long.echo, long.app];
  if (content.every((one) => one === undefined)) {
    draft.problems.add('site', path, 'a site needs a "root:", an "app:", a "redirect:" or an "echo:"', { key: true });
  }
  if (root !== undefined && long.app !== undefined) {
    draft.problems.add('site', [...path, 'app'], 'an application serves its files itself: leave "root:" out');
  }
  const module = long.app === undefined ? undefined : appOf(draft, long.app, folder, [...path, 'app']);
  const redirects: RedirectConfig[] = (long.redirects ?? []).map((redirect) => ({ status: STATUS_MOVED, ...redirect }));
  if (long.redirect !== undefined) redirects.push(movedTo(draft, long.redirect, [...path, 'redirect']));
  return {
    names: [name, ...(long.aliases ?? [])],
    ...(root !== undefined && { root }),
    ...(redirects.length > 0 && { redirects }),
    ...(long.echo !== undefined && { echoPath: long.echo }),
    ...(module && { app: module }),
    ...(long.https !== undefined && { https: long.https }),
    ...siteRules(draft, long, path),
  };
}

function appOf(
  draft: Draft,
  file: NonNullable<Exclude<SiteFile, string>['app']>,
  folder: string,
  path: Path,
): AppConfig {
  const { module, export: name } = typeof file === 'string' ? { module: file, export: undefined } : file;
  const absolute = resolve(folder, module);
  if (!isFile(absolute)) {
    const at = typeof file === 'string' ? path : [...path, 'module'];
    const message = `the module "${module}" does not exist; it is looked for beside the topology file`;
    draft.problems.add('site', at, message);
  }
  return { module: absolute, ...(name !== undefined && { export: name }) };
}

function movedTo(draft: Draft, url: string, path: Path): RedirectConfig {
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    draft.problems.add('site', path, `"${url}" is not a URL: write http://www.server.com/`);
  }
  return { from: '/*', to: `${url.replace(/\/?\*?$/, '')}/*`, status: STATUS_MOVED };
}

function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory() ?? false;
}

function isFile(path: string): boolean {
  return statOf(path)?.isFile() ?? false;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    // Not there, not readable, or not even a path.
    return undefined;
  }
}
