import { createDnsServer } from './apps/kinds/dns-server.js';
import { runDevice } from './runtime/run-device.js';

runDevice('dns-server', createDnsServer);
