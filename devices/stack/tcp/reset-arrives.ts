/** RST: RFC 9293 section 3.10.7.4, second step. */
import { StackError } from '../errors.js';
import type { TcpSegment } from '../wire/tcp.js';
import { seqAdd } from './control-block/seqnum.js';
import { isClosedByPeer } from './control-block/states.js';
import type { ConnectionMachine } from './machine.js';

/**
 * RFC 5961 section 3: only the exact next sequence number resets; one that is merely in the window is challenged. Two
 * more count, as on Linux: the end of what came out of order, for a peer that has sent more than reached us; and that
 * of the peer's FIN.
 */
export function resetArrived(connection: ConnectionMachine, segment: TcpSegment): void {
  const { tcb, context, receiver } = connection;
  const isExact =
    segment.seq === tcb.rcvNxt ||
    (tcb.sackPermitted && segment.seq === receiver.reassembly.end) ||
    (isClosedByPeer(tcb.state) && segment.seq === seqAdd(tcb.rcvNxt, -1));
  if (isExact) resetNow(connection);
  else {
    context.counters.add('tcp.badReset');
    connection.challenges.challenge();
  }
}

export function resetNow(connection: ConnectionMachine): void {
  const { tcb, context, sender } = connection;
  context.counters.add('tcp.resetsIn');
  switch (tcb.state) {
    case 'SYN_RECV':
      // A passive open goes back to its listener without a word to the program.
      if (connection.listener !== undefined) {
        context.counters.add('tcp.attemptsFailed');
        connection.end();
      } else connection.end(new StackError('ECONNREFUSED', 'connection refused'));
      return;
    case 'CLOSING':
    case 'LAST_ACK':
    case 'TIME_WAIT':
      // Both programs have closed: nothing is lost unless data was still to be acknowledged.
      connection.end(sender.buffer.length > 0 ? connectionReset() : undefined);
      return;
    default:
      connection.end(connectionReset());
  }
}

function connectionReset(): StackError {
  return new StackError('ECONNRESET', 'connection reset by peer');
}
