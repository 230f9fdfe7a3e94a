import { join, resolve as resolvePath } from 'node:path';
import { Command } from 'commander';
import { runBrowser, withProfile } from '../browser/browser-process.js';
import { chromiumLaunch } from '../browser/chromium.js';
import { findBrowser, snapFolder } from '../browser/find-browser.js';
import { firefoxLaunch } from '../browser/firefox.js';
import { checkWritable, keepPicture, Reached } from '../browser/picture.js';
import { firstSite, siteUrl } from '../browser/trust.js';
import { CliError } from '../errors.js';
import { interruption } from '../interruption.js';
import { labDirectory } from '../lab/paths.js';
import { findLab } from '../lab/state.js';
import { callingDevice, dialFrom, foreground } from '../proxy/lab-dial.js';
import { ProxyServer } from '../proxy/proxy-server.js';
import { news, painter, print } from '../terminal.js';

interface BrowseOptions {
  readonly from?: string;
  readonly browser?: string;
  readonly headless?: boolean;
  readonly screenshot?: string;
  readonly size: string;
  readonly lab?: string;
  readonly quiet?: boolean;
}

async function run(address: string | undefined, options: BrowseOptions): Promise<void> {
  const url = address === undefined ? undefined : parseUrl(address);
  const size = parseSize(options.size);
  const picture = options.screenshot === undefined ? undefined : resolvePath(options.screenshot);
  if (picture !== undefined) checkWritable(picture);
  const lab = await findLab(options.lab);
  const device = callingDevice(lab, options.from ?? lab.defaultHost);
  const browser = findBrowser(options.browser);
  if (!options.headless && picture === undefined) requireScreen();
  const signal = interruption();
  const page = url ?? siteUrl(firstSite(lab)) ?? 'about:blank';
  const reached = new Reached(page);
  const proxy = new ProxyServer({ dial: reached.watch(dialFrom(lab, device, 'browse')) });
  const { port } = await proxy.listen('127.0.0.1', 0);
  const leave = new AbortController();
  const ending = AbortSignal.any([signal, leave.signal]);
  try {
    await withProfile(snapFolder(browser) ?? labDirectory(lab.name), async (profile) => {
      const screenshot = picture === undefined ? undefined : join(profile, 'picture.png');
      const task = {
        url: page,
        proxyPort: port,
        profile,
        headless: options.headless ?? false,
        screenshot,
        size,
      };
      const prepare = browser.kind === 'firefox' ? firefoxLaunch : chromiumLaunch;
      const launch = await prepare(browser.path, task, lab);
      if (!options.quiet) news(opening(browser.path, device.name, launch.checksCertificates));
      const lab_ = foreground(lab, device, ending).then((why) => {
        if (why === 'lab-ended') leave.abort();
      });
      await runBrowser(launch, ending);
      const wasEnded = ending.aborted;
      leave.abort();
      await lab_;
      if (screenshot === undefined || picture === undefined || signal.aborted) return;
      if (wasEnded) throw new CliError(1, `no picture of ${page}: the lab has ended`);
      keepPicture(screenshot, picture, page, reached);
      print(picture);
    });
  } finally {
    proxy.close();
  }
}

function requireScreen(): void {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (process.platform !== 'linux' || DISPLAY || WAYLAND_DISPLAY) return;
  throw new CliError(1, 'there is no screen: neither DISPLAY nor WAYLAND_DISPLAY is set', 'Try --screenshot FILE.');
}

/** Also without a scheme, as one types it. */
function parseUrl(text: string): string {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new CliError(2, `"${text}" is not an address of the web`, 'Write it like http://www.server.com/.');
  }
  return url.href;
}

function parseSize(text: string): { width: number; height: number } {
  const match = /^(\d{2,5})x(\d{2,5})$/.exec(text);
  if (match === null) throw new CliError(2, `--size ${text}: write it like 1280x800`);
  return { width: Number(match[1]), height: Number(match[2]) };
}

function opening(path: string, device: string, checksCertificates: boolean): string {
  const trust = checksCertificates
    ? ''
    : "\nit takes the lab's certificates without checking them; with certutil (Debian: libnss3-tools) it would";
  return painter(process.stderr)(
    'dim',
    `${path} surfs as ${device}, with a profile of its own that is removed at the end${trust}`,
  );
}

export function browseCommand(): Command {
  return new Command('browse')
    .description('open your own browser inside the lab: an empty profile, all connections from one of its hosts')
    .argument('[url]', "what to open; the lab's first web site when left out")
    .option('--from <device>', "the host whose connections they become; the lab's client when left out")
    .option('--browser <path>', 'which browser; Chromium, Chrome, Edge, Brave or Firefox when left out')
    .option('--headless', 'without a window')
    .option('--screenshot <file>', 'save a picture (PNG) of the page instead of opening a window')
    .option('--size <size>', 'of the window, or the picture', '1280x800')
    .option('--lab <lab>', 'which lab, when several are up')
    .option('-q, --quiet', 'print nothing but errors')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  netarium browse\n' +
        '  netarium browse https://www.server.com/ --from laptop\n' +
        '  netarium browse maps.google.com --screenshot map.png --size 1000x800',
    )
    .action(run);
}
