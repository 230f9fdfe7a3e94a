import { Command, Option } from 'commander';
import { writeCaptureFile } from '../capture/capture-file.js';
import { keyLogOf, writeKeyLogFile } from '../capture/key-log.js';
import { CliError } from '../errors.js';
import { cannotWrite } from '../file-errors.js';
import { interruption, unlessAborted } from '../interruption.js';
import { packageVersion } from '../lab/paths.js';
import { prepareLab } from '../lab/prepare.js';
import { withProgress } from '../lab/progress.js';
import { findLab, type LabState, onlyLab } from '../lab/state.js';
import { holdLab } from '../lab/supervise.js';
import { plainFailure } from '../network-words.js';
import { renderExplanation } from '../story/explain.js';
import { sentTimes } from '../story/http-story.js';
import { renderReport, summary } from '../story/render.js';
import type { FetchReport } from '../story/report.js';
import type { Scene } from '../story/scene.js';
import { news, painter, print, printJson, visible } from '../terminal.js';
import { type FetchOptions, fetchRequest } from './fetch-options.js';
import { type Fetched, fetchInLab } from './fetch-page.js';

const PCAP_BYTE_LIMIT = 2 * 1024 * 1024 * 1024;
const DEFAULT_COLUMNS = 80;

/** Runs `use` with the lab that is meant; without any, or for `--fresh`, the default one is launched for this call alone. */
async function withLab(options: FetchOptions, use: (lab: LabState) => Promise<void>): Promise<void> {
  const { lab: named, fresh = false, quiet = false, json } = options;
  if (fresh && named !== undefined) throw new CliError(2, '--fresh launches a lab of its own: --lab names another one');
  const isNamed = named !== undefined || process.env.NETARIUM_LAB !== undefined;
  const lab = fresh ? undefined : await (isNamed ? findLab(named) : onlyLab());
  if (lab !== undefined) {
    // Of JSON, which says so itself, nothing is said.
    if (!quiet && !json) news(painter(process.stderr)('dim', `in the lab ${lab.name}, which is up`));
    await use(lab);
    return;
  }
  const plan = await prepareLab({ name: `fetch-${process.pid}` });
  const signal = interruption();
  const held = await withProgress(
    `${fresh ? '' : 'no lab is up; '}launching mini-internet for this fetch`,
    quiet,
    (report) => holdLab(plan, report, signal),
  );
  try {
    await unlessAborted(use(held.lab.state), signal);
  } finally {
    await held.stop();
  }
}

async function run(url: string, options: FetchOptions): Promise<void> {
  const request = await fetchRequest(url, options);
  await withLab(options, async (lab) => {
    const host = options.from ?? lab.defaultHost;
    if (host === undefined) throw new CliError(2, `lab ${lab.name} has no host to load a page from`);
    const keepBytes = options.pcap === undefined ? undefined : PCAP_BYTE_LIMIT;
    const fetched = await fetchInLab(lab, host, request, keepBytes);
    await saveFiles(fetched, options);
    await tell(fetched, options);
    if (!fetched.report.ok) process.exitCode = 1;
  });
}

async function tell({ report, scene }: Fetched, options: FetchOptions): Promise<void> {
  const paint = painter(process.stdout);
  if (options.json) printJson(report);
  else if (options.quiet) {
    if (!report.ok) news(visible(failureLine(report)));
  } else if (options.show) {
    const { renderPage } = await import('../show/show.js');
    print(
      `${renderPage(scene.result, process.stdout.columns ?? DEFAULT_COLUMNS, paint)}\n\n${summary(visible(report), paint)}`,
    );
  } else print(renderReport(report, paint, process.stdout.columns));
  if (options.explain && !options.quiet) print(`\n${renderExplanation(report, scene, paint)}`);
}

function failureLine({ url, status, error }: FetchReport): string {
  return `error: ${url}: ${error === undefined ? `status ${status}` : `${plainFailure(error)} (at ${error.stage})`}`;
}

async function saveFiles({ report, scene }: Fetched, { pcap, keylog, har }: FetchOptions): Promise<void> {
  if (pcap !== undefined) await saving(pcap, savePcap(pcap, scene));
  if (keylog !== undefined) await saving(keylog, writeKeyLogFile(keylog, keyLogOf(scene.capture.traces).lines));
  if (har !== undefined) await saving(har, saveHar(har, report, scene));
}

async function saving(path: string, written: Promise<void>): Promise<void> {
  await written.catch((error) => {
    throw cannotWrite(path, error);
  });
}

async function savePcap(path: string, scene: Scene): Promise<void> {
  const left = await writeCaptureFile(path, scene.capture);
  if (left > 0) news(`${path}: ${left} frames are not in the file, the capture was over 2 GiB`);
}

async function saveHar(path: string, { lab, from, exchanges }: FetchReport, scene: Scene): Promise<void> {
  const [{ buildHar }, { writeHarFile }] = await Promise.all([import('../har/har.js'), import('../har/har-file.js')]);
  const origin = {
    version: packageVersion(),
    epochOffsetMs: scene.capture.epochOffsetMs,
    comment: `lab ${lab}, host ${from}`,
    sentAt: sentTimes(scene, exchanges),
  };
  await writeHarFile(path, buildHar(scene.result, origin));
}

const EXAMPLES = `
Examples:
  netarium fetch http://www.server.com/ --show           the page as text
  netarium fetch http://www.server.com/ --har page.har   for DevTools: Network, Import HAR
  netarium fetch https://www.server.com/ --pcap page.pcapng   decrypted by Wireshark
  netarium fetch http://www.server.com/ --json | jq .resources`;

/** Of an option that may be given again. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** One document on stdout and nothing else: what people read cannot stand beside it. */
function jsonOption(): Option {
  return new Option('--json', 'print JSON, and nothing else').conflicts(['show', 'explain']);
}

export function fetchCommand(): Command {
  return new Command('fetch')
    .description('load a page from a host of the lab and tell what happened on the wires')
    .argument('<url>', 'http or https: http://host[:port]/path?query#fragment')
    .option('--from <host>', "the host whose browser loads it; the lab's client when left out")
    .option('--lab <lab>', 'which lab, when several are up')
    .option('--fresh', 'launch the mini-internet for this fetch alone, whatever is up')
    .option('--show', 'print the page itself, as text, instead of the story')
    .option('--explain', 'open the request into its layers, byte by byte; after the story, or the page')
    .addOption(jsonOption())
    .option('--har <file>', 'write requests, responses and their timings to a HAR file for DevTools')
    .option('--pcap <file>', 'write all frames to a pcapng file for Wireshark, with the secrets to decrypt TLS')
    .option('--keylog <file>', 'write the TLS secrets to an NSS key log file')
    .option('--method <method>', 'GET, HEAD, POST, PUT, DELETE, …')
    .option('--header <line...>', "add a header: 'Accept-Language: fr'")
    .option('--data <body>', 'send a body; the method is then POST unless --method says otherwise')
    .option(
      '--form <field>',
      "send a form's field: name=value, again for the next; with --method GET in the query",
      collect,
    )
    .option('--multipart <field>', 'the same as multipart/form-data: name=value, or name=@file', collect)
    .option('--reload', 'ask the servers again, whatever the cache has')
    .option('--no-cache', "leave the browser's cache alone: neither use nor fill it")
    .option('--clear', 'forget cookies, cache, names and TLS sessions first, as a new browser')
    .option('--timeout <duration>', 'give up after: 500ms, 10s, 1m; without it, when nothing has come for 30s')
    .option('--no-subresources', 'load the document alone, without images, styles and scripts')
    .option('-q, --quiet', 'print nothing but errors')
    .addHelpText('after', EXAMPLES)
    .action((url: string, options: FetchOptions) => run(url, options));
}
