/** What happens to the devices of a lab: told to who holds it, and to the clients of its socket as `device-<event>`. */
import { type DeviceEnd, describeEnd, type Life } from './device-process.js';

export type DeviceNews = DeviceEnded | DeviceStarted | DeviceHalted;

/** Its process has gone. */
export interface DeviceEnded extends DeviceEnd {
  readonly event: 'end';
  /** `dead`: nobody had asked for it. */
  readonly state: 'stopped' | 'killed' | 'dead';
  /** Who had asked for it: `fault-3`. */
  readonly by?: string;
}

/** It has a process again, which answers; its programs start next. */
export interface DeviceStarted {
  readonly event: 'start';
  readonly name: string;
  readonly pid: number;
  readonly life: Life;
  readonly by?: string;
}

export interface DeviceHalted {
  readonly event: 'pause' | 'resume';
  readonly name: string;
  readonly by?: string;
}

/** A sentence without its final stop; of a device that died, with its last words. */
export function describeNews(news: DeviceNews): string {
  const by = news.by === undefined ? '' : ` by ${news.by}`;
  if (news.event === 'end') return news.state === 'dead' ? describeEnd(news) : `${news.name} was ${news.state}${by}`;
  if (news.event === 'start') return `${news.name} was started again${by} (process ${news.pid})`;
  return news.event === 'pause' ? `${news.name} was paused${by}` : `${news.name} was resumed${by}`;
}
