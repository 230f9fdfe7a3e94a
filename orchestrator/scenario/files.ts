/** Which files the words on the command line mean. */
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CliError } from '../errors.js';

const YAML = /\.ya?ml$/;

/** Files as they are; of folders the YAML files in them; `*` where no shell has replaced it. Throws a CliError of status 2. */
export function scenarioFiles(words: readonly string[]): string[] {
  return [...new Set(words.flatMap(filesOf))];
}

function filesOf(word: string): string[] {
  const info = statSync(word, { throwIfNoEntry: false });
  if (info?.isDirectory()) {
    const files = list(word, (name) => YAML.test(name));
    if (files.length === 0) throw new CliError(2, `${word}: there is no .yaml file in this folder`);
    return files;
  }
  if (info !== undefined || !basename(word).includes('*')) return [word];
  const parts = basename(word).split('*').map(escapeRegExp);
  const pattern = new RegExp(`^${parts.join('.*')}$`);
  const found = list(dirname(word), (name) => pattern.test(name));
  if (found.length === 0) throw new CliError(2, `${word}: no file has such a name`);
  return found;
}

function list(folder: string, isWanted: (name: string) => boolean): string[] {
  try {
    return readdirSync(folder)
      .filter(isWanted)
      .sort()
      .map((name) => join(folder, name));
  } catch {
    throw new CliError(2, `${folder}: there is no such folder`);
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Whether a scenario's name is meant: `dns-*`, or a part of it. */
export function isMeant(name: string, filter: string | undefined): boolean {
  if (filter === undefined) return true;
  if (!filter.includes('*')) return name.includes(filter);
  return new RegExp(`^${filter.split('*').map(escapeRegExp).join('.*')}$`).test(name);
}
