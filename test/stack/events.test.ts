import t from 'tap';
import { EventQueue } from '../../devices/stack/events.js';

t.test('events wait until they are drained, and keep their order', async (t) => {
  const events = new EventQueue();
  const ran: string[] = [];
  events.post(() => ran.push('a'));
  events.post(() => ran.push('b'));
  t.same(ran, []);
  events.drain();
  t.same(ran, ['a', 'b']);
  events.drain();
  t.same(ran, ['a', 'b']);
});

t.test('what an event posts comes last, and a nested drain leaves it to the outer one', async (t) => {
  const events = new EventQueue();
  const ran: string[] = [];
  events.post(() => {
    ran.push('a begins');
    events.post(() => ran.push('c'));
    events.drain();
    ran.push('a ends');
  });
  events.post(() => ran.push('b'));
  events.drain();
  t.same(ran, ['a begins', 'a ends', 'b', 'c']);
});

t.test('an event that throws does not block those that follow', async (t) => {
  const events = new EventQueue();
  const ran: string[] = [];
  events.post(() => {
    throw new Error('broken handler');
  });
  events.post(() => ran.push('next'));
  t.throws(() => events.drain(), { message: 'broken handler' });
  events.drain();
  t.same(ran, ['next']);
});
