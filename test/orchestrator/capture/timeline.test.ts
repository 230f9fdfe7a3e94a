import t from 'tap';
import { type TimedFrame, Timeline } from '../../../orchestrator/capture/timeline.js';

function frame(at: number, direction: 'in' | 'out' = 'in', interfaceIndex = 0): TimedFrame {
  return { at, direction, interfaceIndex, packet: new Uint8Array(100) };
}

t.test('frames of several devices leave in the order of time, once their time has come', async (t) => {
  const timeline = new Timeline<TimedFrame>();
  for (const at of [1, 4, 6]) timeline.add(frame(at));
  for (const at of [2, 3, 7]) timeline.add(frame(at));
  t.same(
    timeline.take(4).map(({ at }) => at),
    [1, 2, 3, 4],
  );
  t.equal(timeline.heldBytes, 200);
  timeline.add(frame(5));
  t.same(
    timeline.take(Number.POSITIVE_INFINITY).map(({ at }) => at),
    [5, 6, 7],
  );
  t.ok(timeline.isEmpty);
  t.equal(timeline.heldBytes, 0);
  t.same(timeline.take(10), []);
});

t.test('at one instant what arrives comes before what leaves, and link ends keep their order', async (t) => {
  const timeline = new Timeline<TimedFrame>();
  timeline.add(frame(1, 'out', 2));
  timeline.add(frame(1, 'out', 1));
  timeline.add(frame(1, 'in', 3));
  t.same(
    timeline.take(1).map(({ direction, interfaceIndex }) => `${direction} ${interfaceIndex}`),
    ['in 3', 'out 1', 'out 2'],
  );
});

t.test('what comes late is let go at once, after what has gone', async (t) => {
  const timeline = new Timeline<TimedFrame>();
  timeline.add(frame(10));
  timeline.take(10);
  timeline.add(frame(3));
  timeline.add(frame(12));
  t.same(
    timeline.take(11).map(({ at }) => at),
    [3],
  );
});
