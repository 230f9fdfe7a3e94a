/** From a topology to a lab that can be launched: its name claimed, its ports found, its plan made. */
import type { Topology } from '../topology/index.js';
import { generateTopology, loadTopology, planTopology, udpPortCount } from '../topology/index.js';
import { issueCertificates, validFrom } from './authority/certificates.js';
import { checkSocketPaths, claimLab } from './claim.js';
import type { LabPlan } from './lab.js';
import { attachedFile, labDirectory, labSocket, shippedSite, shippedTopology } from './paths.js';
import { removeLabDirectory } from './state.js';
import { findFreePorts, holdEndpoints, requireFreePorts } from './udp-ports.js';

interface LabRequest {
  /** A topology file; the shipped mini-internet when neither this nor a generator is given. */
  readonly file?: string;
  /** `linear,3` and the like. */
  readonly generator?: string;
  /** One that is there already; `source` says where it came from. */
  readonly topology?: { readonly value: Topology; readonly source: string };
  /** The topology's own name when left out. */
  readonly name?: string;
}

/** Throws a CliError (status 2 for a bad file); then nothing is left behind. */
export async function prepareLab(request: LabRequest): Promise<LabPlan> {
  const file = request.file ?? shippedTopology('mini-internet');
  const topology = request.topology?.value ?? readTopology(file, request.generator);
  const lab = request.name ?? topology.name;
  const source = request.topology?.source ?? request.generator ?? file;
  await claimLab(lab, source);
  try {
    const issued = await issueCertificates(topology, lab, validFrom(Date.now()));
    const configs = planTopology(topology, {
      lab,
      runDir: labDirectory(lab),
      basePort: await choosePorts(lab, topology),
      ...(issued && { authorities: [issued.authority], certificates: issued.certificates }),
    });
    checkSocketPaths(configs);
    return {
      name: lab,
      topology: source,
      defaultHost: defaultHost(topology),
      authority: issued?.authority,
      configs: configs.map((config) => ({
        ...config,
        supervisor: labSocket(lab),
        attachedFile: attachedFile(lab, config.name),
      })),
    };
  } catch (error) {
    removeLabDirectory(lab);
    throw error;
  }
}

function readTopology(file: string, generator: string | undefined): Topology {
  return generator === undefined
    ? loadTopology(file)
    : generateTopology(generator, { siteFolder: shippedSite('hello') });
}

async function choosePorts(lab: string, topology: Topology): Promise<number> {
  const count = udpPortCount(topology);
  const release = await holdEndpoints(topology.links.flatMap(({ external }) => external?.local ?? []));
  try {
    if (topology.basePort === undefined) return await findFreePorts(lab, count);
    await requireFreePorts(topology.basePort, count);
    return topology.basePort;
  } finally {
    await release();
  }
}

/** `client` where there is one, else the first host. */
function defaultHost(topology: Topology): string | undefined {
  const hosts = [...topology.devices.values()].filter(({ kind }) => kind === 'host');
  return (hosts.find(({ name }) => name === 'client') ?? hosts[0])?.name;
}
