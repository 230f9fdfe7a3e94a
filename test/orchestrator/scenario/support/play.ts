import { parseScenario } from '../../../../orchestrator/scenario/load.js';
import type { StepResult, TimelineResult } from '../../../../orchestrator/scenario/result.js';
import { Timeline } from '../../../../orchestrator/scenario/timeline.js';
import { FakeStage } from './fake-stage.js';
import { ManualClock } from './manual-clock.js';

const HEAD = `topology:
  devices:
    a: {kind: host, address: 10.0.0.1/24}
    b: {kind: host, address: 10.0.0.2/24}
    sw: switch
  links: [a -- sw, b -- sw]
`;

export interface Played {
  readonly result: TimelineResult;
  readonly stage: FakeStage;
  /** `passed 100 50 fetch http://b/ from a: ok true`: outcome, begin, duration, title. */
  readonly steps: string[];
}

export function scenarioOf(text: string) {
  return parseScenario(HEAD + text, 'test.yaml');
}

/** Runs a scenario whose topology has the hosts a and b on a switch. */
export async function play(text: string, prepare: (stage: FakeStage) => void = () => {}): Promise<Played> {
  const clock = new ManualClock();
  const stage = new FakeStage(clock);
  prepare(stage);
  const timeline = new Timeline(scenarioOf(text), stage, clock);
  const result = await clock.until(timeline.run(new AbortController().signal));
  return { result, stage, steps: result.steps.map(told) };
}

function told({ outcome, startMs, durationMs, title, depth }: StepResult): string {
  const when = startMs === undefined ? '-' : `${startMs}+${durationMs}`;
  return `${'  '.repeat(depth)}${outcome} ${when} ${title}`;
}
