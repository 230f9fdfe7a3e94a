/** From a request to the faults that it makes, checked against the lab. Nothing is in force yet. */
import { Cabling } from './cabling.js';
import { checkDevice, draftDevice, isRemedy, processAction } from './device-fault.js';
import type { FaultDraft } from './draft.js';
import type {
  DeviceRequest,
  Fault,
  FaultRequest,
  LinkRequest,
  MonkeyRequest,
  PartitionRequest,
  RuleRequest,
} from './fault.js';
import type { ChaosGround } from './ground.js';
import type { Entry, Ledger } from './ledger.js';
import { checkFit, checkLink, draftLink, type LinkPlace, placeOfLink } from './link-fault.js';
import { type PlannedFault, planMonkey } from './monkey-plan.js';
import { cutOf } from './partition.js';
import { checkRule, counts, draftRule, judgesOf } from './rule-fault.js';
import { titleOf } from './titles.js';

/** All of these throw, or reject with, a CliError. */
export class Openings {
  private readonly ground: ChaosGround;
  private readonly ledger: Ledger;

  constructor(ground: ChaosGround, ledger: Ledger) {
    this.ground = ground;
    this.ledger = ledger;
  }

  async placeOf(request: LinkRequest): Promise<LinkPlace> {
    checkLink(request);
    return placeOfLink(request, await Cabling.of(this.ground, (plan) => plan.has(request.a, request.b)));
  }

  async link(request: LinkRequest, parent: string | undefined): Promise<Entry> {
    const place = await this.placeOf(request);
    if (request.impairment !== undefined) {
      checkFit(request.impairment, place.directions, this.ground, (device) => this.ledger.ordersOf(device));
    }
    const id = this.ledger.nextId();
    const holds = request.state === undefined ? {} : { cable: place.cable.name };
    return this.entry(id, request, draftLink(request, place, id), parent, holds);
  }

  async rule(request: RuleRequest, parent: string | undefined): Promise<Entry> {
    checkRule(request);
    const { at } = request;
    const cabling = await Cabling.of(this.ground, (plan) => at === undefined || plan.hasPlace(at));
    const judges = judgesOf(request, cabling);
    const id = this.ledger.nextId();
    const claims = counts(request) ? this.ground.makeClaims(id) : undefined;
    return this.entry(
      id,
      request,
      draftRule(request, judges, id, claims),
      parent,
      claims === undefined ? {} : { claims },
    );
  }

  /** What is no fault has no id. */
  device(request: DeviceRequest, parent: string | undefined): Entry {
    checkDevice(request);
    const { device, action } = request;
    Cabling.planned(this.ground).requireDevice(device);
    const process = processAction(action);
    const id = isRemedy(action) ? '' : this.ledger.nextId();
    return this.entry(
      id,
      request,
      draftDevice(request, id),
      parent,
      process && { process: { device, action: process } },
    );
  }

  /** The whole, then its parts. */
  async partition(request: PartitionRequest): Promise<Entry[]> {
    const cabling = await Cabling.of(this.ground, () => false);
    const cut = cutOf(request, cabling);
    const id = this.ledger.nextId();
    const parts = cut.links.map((link) => {
      const part = this.ledger.nextId();
      const place = placeOfLink(link, cabling);
      return this.entry(part, link, draftLink(link, place, part), id, { cable: place.cable.name });
    });
    return [this.whole(id, request, cut.target), ...parts];
  }

  monkey(request: MonkeyRequest): { readonly entry: Entry; readonly plan: readonly PlannedFault[] } {
    const id = this.ledger.nextId();
    const { devices } = this.ground;
    const { cables } = Cabling.planned(this.ground);
    const plan = planMonkey({ devices, cables }, { ...request, seed: request.seed ?? id });
    return { entry: this.whole(id, request, 'the whole lab'), plan };
  }

  /** What has no id: done, or failed. */
  note(request: FaultRequest, target: string, parent: string | undefined): Fault {
    return this.entry('', request, { title: titleOf(request), target, orders: new Map() }, parent).fault;
  }

  private whole(id: string, request: FaultRequest, target: string): Entry {
    return this.entry(id, request, { title: titleOf(request), target, orders: new Map() }, undefined);
  }

  private entry(
    id: string,
    request: FaultRequest,
    { title, target, orders }: FaultDraft,
    parent: string | undefined,
    holds: Pick<Entry, 'cable' | 'process' | 'claims'> = {},
  ): Entry {
    const since = this.ground.now();
    const { forMs } = request;
    const fault = {
      id,
      request,
      title,
      target,
      ...(parent !== undefined && { parent }),
      since,
      ...(forMs !== undefined && { until: since + forMs }),
    };
    return { fault, orders, ...holds };
  }
}
