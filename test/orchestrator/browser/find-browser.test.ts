import t from 'tap';
import { findBrowser } from '../../../orchestrator/browser/find-browser.js';

function system(platform: NodeJS.Platform, programs: readonly string[], env: Record<string, string> = {}) {
  return { platform, env, home: '/home/me', isProgram: (path: string) => programs.includes(path) };
}

t.test('Linux: on the PATH, those of the family of Chromium first', (t) => {
  const env = { PATH: '/usr/local/bin::/usr/bin' };
  const find = (programs: string[], wanted?: string) => findBrowser(wanted, system('linux', programs, env));
  t.same(find(['/usr/bin/firefox', '/usr/bin/chromium']), { kind: 'chromium', path: '/usr/bin/chromium' });
  t.same(find(['/usr/bin/firefox-esr']), { kind: 'firefox', path: '/usr/bin/firefox-esr' });
  t.same(find(['/usr/bin/firefox', '/usr/bin/chromium'], 'firefox'), { kind: 'firefox', path: '/usr/bin/firefox' });
  t.same(find(['/opt/x/chrome'], '/opt/x/chrome'), { kind: 'chromium', path: '/opt/x/chrome' });
  t.throws(() => find(['/usr/bin/chromium'], 'opera'), { message: 'opera is not a program' });
  t.throws(() => find([]), { message: /no Chromium.*was found/ });
  t.end();
});

t.test('macOS: applications of all and of the user', (t) => {
  const firefox = '/home/me/Applications/Firefox.app/Contents/MacOS/firefox';
  t.same(findBrowser(undefined, system('darwin', [firefox])), { kind: 'firefox', path: firefox });
  const chrome = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  t.same(findBrowser(undefined, system('darwin', [firefox, chrome])), { kind: 'chromium', path: chrome });
  t.end();
});

t.test('Windows: program folders', (t) => {
  const env = { ProgramFiles: 'C:/Program Files', LOCALAPPDATA: 'C:/Users/me/AppData/Local' };
  const edge = 'C:/Program Files/Microsoft/Edge/Application/msedge.exe';
  t.same(findBrowser(undefined, system('win32', [edge], env)), { kind: 'chromium', path: edge });
  t.end();
});
