/** A page load of one small page over a bare cable, frame by frame: what the tests of the story's text are about. */
import { ARP_REPLY, ARP_REQUEST } from '../../../devices/stack/wire/arp.js';
import type { Scene } from '../../../orchestrator/story/scene.js';
import { arpPacket, ip, mac, SceneBuilder, START, tcpPacket } from './frames.js';

const CLIENT = { mac: '02:00:00:00:00:01', ip: '192.0.2.2', port: 40000 };
const SERVER = { mac: '02:00:00:00:00:02', ip: '192.0.2.1', port: 80 };
const ENDS = { local: '192.0.2.2:40000', remote: '192.0.2.1:80' };
const URL = 'http://server/';
export const REQUEST_HEAD = 'GET / HTTP/1.1\r\nHost: server\r\n\r\n';
const RESPONSE_HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n';

export function smallPage(): Scene {
  const there = ['client:eth0 out', 'server:eth0 in'];
  const back = ['server:eth0 out', 'client:eth0 in'];
  const arp = { senderMac: mac(CLIENT.mac), senderIp: ip(CLIENT.ip), targetMac: 0, targetIp: ip(SERVER.ip) };
  const answer = {
    senderMac: mac(SERVER.mac),
    senderIp: arp.targetIp,
    targetMac: arp.senderMac,
    targetIp: arp.senderIp,
  };
  const scene = new SceneBuilder()
    .port('client:eth0', 'host', CLIENT.mac, ['192.0.2.2/24'])
    .port('server:eth0', 'host', SERVER.mac, ['192.0.2.1/24'])
    .route({ destination: '192.0.2.0', genmask: '255.255.255.0', source: 'connected' })
    .route({ gateway: '192.0.2.254', flags: 'UG' })
    .told('client', { event: 'url-parsed', url: URL, parts: { scheme: 'http', host: 'server', port: '80', path: '/' } })
    .told('client', { event: 'dns-cache', cache: 'hosts', name: 'server', type: 'A', hit: true, answers: [SERVER.ip] })
    .at(1)
    .told('client', { event: 'tcp-state', ...ENDS, from: 'CLOSED', to: 'SYN_SENT' })
    .seen(arpPacket('ff:ff:ff:ff:ff:ff', { operation: ARP_REQUEST, ...arp }), ...there)
    .seen(arpPacket(CLIENT.mac, { operation: ARP_REPLY, ...answer }), ...back)
    .at(2)
    .seen(tcpPacket(CLIENT, SERVER, { flags: 'S', seq: 100, mss: 1460 }), ...there)
    .seen(tcpPacket(SERVER, CLIENT, { flags: 'SA', seq: 500, ack: 101, mss: 1460 }), ...back)
    .told('client', { event: 'tcp-state', ...ENDS, from: 'SYN_SENT', to: 'ESTABLISHED' })
    .seen(tcpPacket(CLIENT, SERVER, { flags: 'A', seq: 101, ack: 501 }), ...there)
    .at(3)
    .told('client', {
      event: 'http-request',
      protocol: 'HTTP/1.1',
      url: URL,
      method: 'GET',
      head: REQUEST_HEAD,
      bodyBytes: 0,
      ...ENDS,
    })
    .seen(tcpPacket(CLIENT, SERVER, { flags: 'PA', seq: 101, ack: 501, data: REQUEST_HEAD }), ...there)
    .seen(tcpPacket(SERVER, CLIENT, { flags: 'PA', seq: 501, ack: 133, data: `${RESPONSE_HEAD}ok` }), ...back)
    .told('client', { event: 'http-response', url: URL, status: 200, head: RESPONSE_HEAD, bodyBytes: 2, ...ENDS })
    .at(4)
    .seen(tcpPacket(CLIENT, SERVER, { flags: 'FA', seq: 133, ack: 541 }), ...there)
    .seen(tcpPacket(SERVER, CLIENT, { flags: 'FA', seq: 541, ack: 134 }), ...back)
    .seen(tcpPacket(CLIENT, SERVER, { flags: 'A', seq: 134, ack: 542 }), ...there);
  const times = { startAt: START, endAt: START + 4 };
  return scene.build('client', {
    url: URL,
    finalUrl: URL,
    connections: [ENDS],
    lookups: [{ name: 'server', type: 'A', addresses: [SERVER.ip], source: 'hosts', ...times }],
    resources: [
      {
        url: URL,
        status: 200,
        bytes: 2,
        sha256: '2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df',
        contentType: 'text/plain',
        initiator: 'document',
        fromCache: false,
        ...times,
        ...ENDS,
      },
    ],
  });
}
