/** Firefox, kept inside the lab: all traffic by the proxy, no business of its own with the internet. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabState } from '../lab/state.js';
import type { BrowserLaunch, BrowserTask } from './launch.js';
import { serverCertificates, trustInNss } from './trust.js';

function preferences(proxyPort: number): Record<string, string | number | boolean> {
  return {
    'network.proxy.type': 1,
    'network.proxy.socks': '127.0.0.1',
    'network.proxy.socks_port': proxyPort,
    'network.proxy.socks_version': 5,
    // Names are looked up inside; localhost is that of the emulated host, too.
    'network.proxy.socks_remote_dns': true,
    'network.proxy.socks5_remote_dns': true,
    'network.proxy.allow_hijacking_localhost': true,
    'network.proxy.no_proxies_on': '',
    'network.proxy.failover_direct': false,
    'network.trr.mode': 5,
    'network.dns.disablePrefetchFromHTTPS': true,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'media.peerconnection.enabled': false,
    // http stays http.
    'dom.security.https_first': false,
    'dom.security.https_first_schemeless': false,
    'dom.security.https_only_mode': false,
    // No first-run pages, no business with its maker.
    'browser.aboutwelcome.enabled': false,
    'browser.startup.homepage_override.mstone': 'ignore',
    'browser.startup.page': 0,
    'browser.newtabpage.enabled': false,
    'browser.shell.checkDefaultBrowser': false,
    'browser.search.update': false,
    'browser.region.network.url': '',
    'browser.safebrowsing.malware.enabled': false,
    'browser.safebrowsing.phishing.enabled': false,
    'browser.safebrowsing.downloads.enabled': false,
    'app.normandy.enabled': false,
    'app.update.enabled': false,
    'app.shield.optoutstudies.enabled': false,
    'extensions.update.enabled': false,
    'extensions.getAddons.cache.enabled': false,
    'extensions.blocklist.enabled': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'datareporting.healthreport.uploadEnabled': false,
    'toolkit.telemetry.unified': false,
    'toolkit.telemetry.enabled': false,
    'toolkit.telemetry.server': '',
    'telemetry.fog.test.localhost_port': -1,
    'media.gmp-manager.updateEnabled': false,
    'media.gmp-manager.url': '',
    'browser.topsites.contile.enabled': false,
    'browser.newtabpage.activity-stream.unifiedAds.tiles.enabled': false,
    'browser.newtabpage.activity-stream.unifiedAds.spocs.enabled': false,
    'browser.newtabpage.activity-stream.feeds.topsites': false,
    'browser.newtabpage.activity-stream.feeds.section.topstories': false,
    'browser.newtabpage.activity-stream.showSponsored': false,
    'browser.newtabpage.activity-stream.showSponsoredTopSites': false,
    'dom.push.connection.enabled': false,
    'termsofuse.bypassNotification': true,
    'termsofuse.acceptedVersion': 999,
  };
}

/** Its profile is made ready. */
export async function firefoxLaunch(path: string, task: BrowserTask, lab: LabState): Promise<BrowserLaunch> {
  const { profile, url, headless, screenshot, size, proxyPort } = task;
  const lines = Object.entries(preferences(proxyPort)).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
  );
  writeFileSync(join(profile, 'user.js'), lines.join(''), { mode: 0o600 });
  const checksCertificates = await trustInNss(profile, lab);
  if (!checksCertificates) writeFileSync(join(profile, 'cert_override.txt'), overrides(lab), { mode: 0o600 });
  const argv = [
    ...['--no-remote', '--new-instance', '--profile', profile],
    // On Windows the first process hands over to another one and would end.
    ...(process.platform === 'win32' ? ['-wait-for-browser'] : []),
    ...(headless || screenshot !== undefined ? ['--headless'] : []),
    ...(screenshot === undefined ? [] : ['--screenshot', screenshot]),
    ...(size === undefined ? [] : [`--window-size=${size.width},${size.height}`]),
    url,
  ];
  return { path, argv, env: {}, checksCertificates };
}

/** The exceptions that a user makes by hand, by host, port and certificate. */
function overrides(lab: LabState): string {
  const sha256 = 'OID.2.16.840.1.101.3.4.2.1';
  const lines = serverCertificates(lab).flatMap(({ names, port, certificate }) =>
    names.map((name) => `${name}:${port}:\t${sha256}\t${certificate.fingerprint256}\t\n`),
  );
  return lines.join('');
}
