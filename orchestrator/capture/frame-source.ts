/** One device's captured frames, each with the link end at which it was seen. */
import {
  type CapturedFrame,
  type CaptureInterface,
  type CaptureInterfaceNews,
  decodeCapture,
} from '../../devices/control.js';
import type { RpcClient } from '../lab/rpc-client.js';

export interface FrameListener {
  /** A port that is captured: those that are there at the start, and later ones. */
  onInterface(description: CaptureInterface): void;
  onFrame(frame: CapturedFrame, on: CaptureInterface): void;
  /** After the frames of one message. */
  onBatch?(): void;
}

/** Resolves when the device captures; rejects when it refuses or has gone. `params` are those of `capture-start`. */
export async function listenToFrames(
  client: RpcClient,
  params: object,
  { onInterface, onFrame, onBatch }: FrameListener,
  limitMs?: number,
): Promise<void> {
  const interfaces: CaptureInterface[] = [];
  // Frames may be handed out in the same turn as the answer that says what their numbers mean.
  let early: CapturedFrame[] | undefined = [];
  const hand = (frame: CapturedFrame) => {
    const on = interfaces[frame.interfaceIndex];
    if (on !== undefined) onFrame(frame, on);
  };
  client.onBinary = (bytes) => {
    for (const frame of decodeCapture(bytes)) {
      if (early === undefined) hand(frame);
      else early.push(frame);
    }
    onBatch?.();
  };
  client.notifications.set('capture-interface', (news: CaptureInterfaceNews) => {
    interfaces[news.interfaceIndex] = news.interface;
    onInterface(news.interface);
  });
  const answer = await client.call<{ interfaces: CaptureInterface[] }>('capture-start', params, limitMs);
  answer.interfaces.forEach((description, index) => {
    interfaces[index] = description;
    onInterface(description);
  });
  const waiting = early;
  early = undefined;
  for (const frame of waiting) hand(frame);
}
