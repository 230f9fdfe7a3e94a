/** A real Chromium, driven: started with what `netarium browse` starts it with, or as a plain one beside the lab. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import type { Test } from 'tap';
import { chromiumArguments, chromiumLaunch } from '../../orchestrator/browser/chromium.js';
import { findBrowser } from '../../orchestrator/browser/find-browser.js';
import type { LabState } from '../../orchestrator/lab/state.js';

export const VIEWPORT = { width: 1000, height: 1300 };
const LIMIT_MS = 60_000;

/** Inside the lab, by the proxy on this port. */
export async function chromiumInside(t: Test, lab: LabState, proxyPort: number): Promise<BrowserContext> {
  const profile = profileFolder(t);
  const task = { url: 'about:blank', proxyPort, profile, headless: true };
  const { path, argv, env, checksCertificates } = await chromiumLaunch(chromiumPath(), task, lab);
  if (!checksCertificates) throw new Error('certutil is not there: Debian has it in libnss3-tools');
  return start(t, profile, path, argv.slice(0, -1), env);
}

/** Outside: all names lead to a web server on this port of loopback. */
export async function chromiumOutside(t: Test, port: number): Promise<BrowserContext> {
  const profile = profileFolder(t);
  const argv = chromiumArguments({ url: 'about:blank', proxyPort: port, profile, headless: true });
  const direct = argv.slice(0, -1).filter((word) => !/^--(proxy|host-resolver)-/.test(word));
  return start(t, profile, chromiumPath(), [...direct, `--host-resolver-rules=MAP * 127.0.0.1:${port}`], {});
}

async function start(
  t: Test,
  profile: string,
  executablePath: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<BrowserContext> {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    // What playwright adds of its own would hide what is missing of ours.
    ignoreDefaultArgs: true,
    args: [
      ...args.filter((word) => !word.startsWith('--user-data-dir')),
      `--user-data-dir=${profile}`,
      '--remote-debugging-pipe',
    ],
    env: { PATH: process.env.PATH ?? '', HOME: profile, ...env },
    viewport: VIEWPORT,
    timeout: LIMIT_MS,
  });
  t.teardown(() => context.close());
  context.setDefaultTimeout(LIMIT_MS);
  return context;
}

function chromiumPath(): string {
  return findBrowser('chromium').path;
}

function profileFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'nt-profile-'));
  // Torn down last, as teardowns run in reverse.
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));
  return folder;
}
