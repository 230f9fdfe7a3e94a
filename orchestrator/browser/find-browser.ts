/** The browser that the user has. */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { CliError } from '../errors.js';

export interface FoundBrowser {
  readonly kind: 'chromium' | 'firefox';
  readonly path: string;
}

interface System {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  isProgram(path: string): boolean;
}

const THIS_SYSTEM: System = { platform: process.platform, env: process.env, home: homedir(), isProgram };

/** Those of Chromium's family first: its profile needs no other tool. */
const COMMANDS = [
  ...['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge', 'brave-browser'],
  ...['firefox', 'firefox-esr'],
];

const MAC_APPLICATIONS = [
  ...['Google Chrome', 'Chromium', 'Microsoft Edge', 'Brave Browser'].map((name) => [name, name]),
  ['Firefox', 'firefox'],
];

const WINDOWS_PROGRAMS = [
  ['Google', 'Chrome', 'Application', 'chrome.exe'],
  ['Chromium', 'Application', 'chrome.exe'],
  ['Microsoft', 'Edge', 'Application', 'msedge.exe'],
  ['BraveSoftware', 'Brave-Browser', 'Application', 'brave.exe'],
  ['Mozilla Firefox', 'firefox.exe'],
];

/** The one that is named, by path or command, or the first one that there is. Throws a CliError when there is none. */
export function findBrowser(wanted?: string, system: System = THIS_SYSTEM): FoundBrowser {
  const path =
    wanted === undefined
      ? candidates(system).find((candidate) => system.isProgram(candidate))
      : onPath([wanted], system)
          .concat(wanted)
          .find((candidate) => system.isProgram(candidate));
  if (path !== undefined) return { kind: kindOf(path), path };
  if (wanted !== undefined) throw new CliError(1, `${wanted} is not a program`);
  throw new CliError(
    1,
    'no Chromium, Chrome, Edge, Brave or Firefox was found',
    'Name one with --browser PATH, or use any program with `netarium proxy`.',
  );
}

function kindOf(path: string): FoundBrowser['kind'] {
  return /firefox|librewolf/i.test(basename(path)) ? 'firefox' : 'chromium';
}

function candidates(system: System): string[] {
  const { platform, env, home } = system;
  if (platform === 'darwin') {
    return MAC_APPLICATIONS.flatMap(([name, program]) =>
      ['/Applications', join(home, 'Applications')].map((folder) =>
        join(folder, `${name}.app/Contents/MacOS/${program}`),
      ),
    );
  }
  if (platform === 'win32') {
    const folders = [env.ProgramFiles, env['ProgramFiles(x86)'], env.LOCALAPPDATA].filter(
      (folder) => folder !== undefined,
    );
    return WINDOWS_PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, ...program)));
  }
  return onPath(COMMANDS, system);
}

function onPath(commands: readonly string[], { env }: System): string[] {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return commands.flatMap((command) => folders.map((folder) => join(folder, command)));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Ubuntu's browsers come as snaps, which see neither the temp folder nor hidden ones: their profile has to lie where they
 * keep their own. Undefined for all others.
 */
export function snapFolder({ path }: FoundBrowser): string | undefined {
  const real = realpathSync(path);
  const name = /^\/snap\/([^/]+)\//.exec(path)?.[1] ?? (basename(real) === 'snap' ? basename(path) : undefined);
  return name === undefined ? undefined : join(homedir(), 'snap', name.replace(/-browser$/, ''), 'common');
}
