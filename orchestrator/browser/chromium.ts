/** Chromium and its family, kept inside the lab: all traffic by the proxy, no business of its own with the internet. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { LabState } from '../lab/state.js';
import { snapFolder } from './find-browser.js';
import type { BrowserLaunch, BrowserTask } from './launch.js';
import { keyHash, serverCertificates, trustInNss } from './trust.js';

/** What would go and ask its maker, or would change what the page load looks like. */
const FEATURES_OFF = [
  ...['OptimizationHints', 'MediaRouter', 'Translate', 'AutofillServerCommunication', 'InterestFeedContentSuggestions'],
  ...['CertificateTransparencyComponentUpdater', 'NetworkTimeServiceQuerying', 'GlobalMediaControls'],
  // http stays http: an upgrade that nobody has asked for would be in the way of whoever watches the wires.
  ...['HttpsUpgrades', 'HttpsFirstBalancedMode', 'HttpsFirstBalancedModeAutoEnable', 'HttpsFirstModeInterstitial'],
];

export function chromiumArguments({ url, proxyPort, profile, headless, screenshot, size }: BrowserTask): string[] {
  return [
    `--user-data-dir=${profile}`,
    `--proxy-server=socks5://127.0.0.1:${proxyPort}`,
    // localhost is that of the emulated host, too.
    '--proxy-bypass-list=<-loopback>',
    // Not even a look-up by the side of the proxy, which has names looked up inside.
    '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
    '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
    `--disable-features=${FEATURES_OFF.join(',')}`,
    ...['--no-first-run', '--no-default-browser-check', '--no-pings', '--disable-sync', '--disable-default-apps'],
    ...['--disable-background-networking', '--disable-component-update', '--disable-domain-reliability'],
    ...['--disable-client-side-phishing-detection', '--disable-breakpad', '--metrics-recording-only'],
    // Whether somebody is signed in is asked at a port where nobody is, inside the emulated host itself.
    ...[
      '--gaia-url=https://127.0.0.1:1',
      '--disable-extensions',
      '--disable-component-extensions-with-background-pages',
    ],
    ...['--disable-search-engine-choice-screen', '--password-store=basic', '--use-mock-keychain'],
    // Or the options above would be remarked upon in a bar over every page.
    '--test-type',
    ...(headless || screenshot !== undefined ? ['--headless', '--hide-scrollbars', '--disable-gpu'] : []),
    ...(screenshot === undefined ? [] : [`--screenshot=${screenshot}`, '--timeout=60000']),
    ...(size === undefined ? [] : [`--window-size=${size.width},${size.height}`]),
    // Chromium refuses to run its sandbox for root.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    url,
  ];
}

/** Its profile is made ready. */
export async function chromiumLaunch(path: string, task: BrowserTask, lab: LabState): Promise<BrowserLaunch> {
  const { profile } = task;
  writePreferences(profile);
  const argv = chromiumArguments(task);
  // On Linux it trusts what NSS trusts, whose data base lies in the home folder: it gets a home of its own.
  const home = join(profile, 'home');
  // Not a snap: that has its home where it wants.
  const mayMove = process.platform === 'linux' && snapFolder({ kind: 'chromium', path }) === undefined;
  if (mayMove && (await trustInNss(join(home, '.pki', 'nssdb'), lab))) {
    return { path, argv, env: { HOME: home, ...screenAuthority() }, checksCertificates: true };
  }
  // Elsewhere it trusts what the system trusts, which is not ours to change: it is told the servers' keys instead.
  const keys = serverCertificates(lab).map(({ certificate }) => keyHash(certificate));
  const accept = `--ignore-certificate-errors-spki-list=${keys.join(',')}`;
  return { path, argv: keys.length === 0 ? argv : [accept, ...argv], env: {}, checksCertificates: keys.length === 0 };
}

/** What is downloaded is the user's, and stays. */
function writePreferences(profile: string): void {
  const downloads = join(homedir(), 'Downloads');
  const preferences = {
    download: { default_directory: existsSync(downloads) ? downloads : homedir(), prompt_for_download: true },
    browser: { check_default_browser: false },
    signin: { allowed: false },
    search: { suggest_enabled: false },
  };
  mkdirSync(join(profile, 'Default'), { recursive: true, mode: 0o700 });
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences), { mode: 0o600 });
}

/** Where X11 looks for its key, when nothing else is said, is the home folder. */
function screenAuthority(): Record<string, string> {
  const file = join(homedir(), '.Xauthority');
  return process.env.XAUTHORITY === undefined && existsSync(file) ? { XAUTHORITY: file } : {};
}
