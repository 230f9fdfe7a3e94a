/** Which program a service's name stands for. */
import type { ServiceName } from '../../control/config.js';
import type { Network } from '../../net/network.js';
import type { Environment } from '../machine.js';
import { chargen } from './chargen.js';
import { daytime } from './daytime.js';
import { discard } from './discard.js';
import { echo } from './echo.js';
import { ServiceProgram } from './service-program.js';

type ServiceEnvironment = Pick<Environment, 'random' | 'log' | 'wallClock'>;
type Service = Pick<ServiceProgram, 'start' | 'stop'>;

export function createService(name: ServiceName, network: Network, env: ServiceEnvironment): Service {
  const run = (service: ConstructorParameters<typeof ServiceProgram>[1]) =>
    new ServiceProgram(network, service, env.log);
  const services: Readonly<Record<ServiceName, () => Service>> = {
    echo: () => run(echo),
    discard: () => run(discard),
    daytime: () => run(daytime(() => env.wallClock())),
    chargen: () => run(chargen(env.random.fork('chargen'))),
  };
  return services[name]();
}
