/** Which program a service's name stands for. They begin when a machine starts, and end with it. */
import type { ServiceName } from '../../control/config.js';
import type { Network } from '../../net/network.js';
import { IPERF_PORT } from '../iperf/protocol.js';
import { IperfServer } from '../iperf/server.js';
import type { Environment } from '../machine.js';
import { chargen } from './chargen.js';
import { daytime } from './daytime.js';
import { discard } from './discard.js';
import { echo } from './echo.js';
import { ServiceProgram } from './service-program.js';

/** Nobody watches a service's tests; the client tells both sides' figures. */
const UNSEEN = { onStart: () => {}, onInterval: () => {}, onEnd: () => {}, onFailure: () => {} };

type ServiceEnvironment = Pick<Environment, 'random' | 'log' | 'wallClock'>;
type Service = Pick<ServiceProgram, 'start' | 'stop'>;

export function createService(name: ServiceName, network: Network, env: ServiceEnvironment): Service {
  const run = (service: ConstructorParameters<typeof ServiceProgram>[1]) =>
    new ServiceProgram(network, service, env.log);
  const iperf = () => {
    const failed = (error: Error) => env.log.error({ err: error, port: IPERF_PORT }, 'the iperf service failed');
    const random = env.random.fork('iperf');
    return new IperfServer(network, {
      port: IPERF_PORT,
      random,
      intervalMs: 0,
      observe: () => UNSEEN,
      onError: failed,
    });
  };
  const services: Readonly<Record<ServiceName, () => Service>> = {
    echo: () => run(echo),
    discard: () => run(discard),
    daytime: () => run(daytime(() => env.wallClock())),
    chargen: () => run(chargen(env.random.fork('chargen'))),
    iperf,
  };
  return services[name]();
}
