/** "Did you mean …?": the nearest of the valid names, by edit distance. */

/** Levenshtein's distance where swapping two neighbours counts once too, since that is the commonest slip of the fingers. */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(previous[j] + 1, row[j - 1] + 1, substitution);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, beforePrevious[j - 2] + 1);
      row.push(best);
    }
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length];
}

/** The nearest candidate, undefined when none is near: at most a third of the letters may differ, or one, but not all. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  // A very long word cannot be a slip of a valid one, and the distance costs its length times theirs.
  if (word.length > 100) return undefined;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  const lower = word.toLowerCase();
  for (const candidate of candidates) {
    const distance = editDistance(lower, candidate.toLowerCase());
    const length = Math.max(word.length, candidate.length);
    const allowed = Math.min(length - 1, Math.max(1, Math.floor(length / 3)));
    if (distance <= allowed && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` Did you mean "host"?` with its leading space, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const name = nearest(word, candidates);
  return name === undefined ? '' : ` Did you mean "${name}"?`;
}
