import { isV6, isWithin } from './addresses.ts'
import type { DesiredNetwork, NetworkProblem } from './desired-network.ts'
import {
  type Device,
  type NetworkCommands,
  type PresentNetwork,
  type Route,
  routeProtocol,
  routeTable,
  vxlanId,
  vxlanPort,
} from './network-state.ts'

/** What to do, and what stands in its way. */
export interface NetworkPlan {
  /** Nothing to do: empty. */
  readonly commands: NetworkCommands
  /** Those of the wanted routes that nobody stands in the way of. */
  readonly routes: readonly Route[]
  /** Host ends of pods' interfaces whose MTU, at both ends, is another than the pods' now. */
  readonly stalePorts: readonly string[]
  readonly problems: readonly NetworkProblem[]
}

/**
 * The difference between what has to be and what is, as lines for ip(8) and bridge(8). What is ours and not wanted goes, whoever left it there; what
 * is somebody else's stays, and where it takes packets for our pods that is a problem with a name.
 */
export function networkCommands(
  desired: DesiredNetwork,
  present: PresentNetwork,
  names: { readonly vxlan: string; readonly bridge: string },
): NetworkPlan {
  const { problems, blocked } = conflicts(desired, present, names.bridge)
  const before: string[] = []
  const device = present.devices.find(({ name }) => name === names.vxlan)
  const kept = device && desired.vxlan && isSameTunnel(device, desired.vxlan.local) ? device : undefined
  // What is on a device goes with it.
  const isThere = (one: { readonly device: string }): boolean => kept !== undefined || one.device !== names.vxlan
  if (device && !kept) before.push(`link delete dev ${names.vxlan}`)

  const ours = present.routes.filter((route) => isOurs(route, names.vxlan) && isThere(route))
  const routes = desired.routes.filter((route) => !blocked.has(route))
  const wanted = new Set(routes.map(keyOf))
  for (const route of ours)
    if (!wanted.has(keyOf(route))) before.push(`route delete ${placeOf(route)} dev ${route.device}${metricOf(route)}`)
  const rules: string[] = []
  for (const rule of present.rules)
    if (!desired.rules.some(isSameAs(rule))) rules.push(`rule delete from ${rule.source} table ${rule.table} pref ${rule.priority}`)
  for (const rule of desired.rules)
    if (!present.rules.some(isSameAs(rule))) rules.push(`rule add from ${rule.source} table ${rule.table} pref ${rule.priority}`)

  if (desired.vxlan) before.push(...deviceLines(names.vxlan, desired.vxlan, kept))
  before.push(...bridgeLines(names.bridge, desired, present))
  const neighbours = kept ? present.neighbours : []
  for (const one of desired.neighbours)
    if (!neighbours.some(isSameAs(one))) before.push(`neighbour replace ${one.address} lladdr ${one.mac} dev ${names.vxlan} nud permanent`)

  const forwarding = kept ? present.forwarding : []
  const middle = desired.forwarding
    .filter((one) => !forwarding.some(isSameAs(one)))
    .map(({ mac, address }) => `fdb replace ${mac} dev ${names.vxlan} dst ${address} self permanent`)
  for (const { mac, address } of forwarding)
    if (!desired.forwarding.some((one) => one.mac === mac)) middle.push(`fdb delete ${mac} dev ${names.vxlan} dst ${address} self`)

  const after = routes.filter((route) => !ours.some(isSameAs(route))).map((route) => `route replace ${textOf(route)}`)
  for (const { address } of neighbours)
    if (!desired.neighbours.some((one) => one.address === address)) after.push(`neighbour delete ${address} dev ${names.vxlan}`)

  const batches = [
    { program: 'ip' as const, lines: before },
    { program: 'bridge' as const, lines: middle },
    { program: 'ip' as const, lines: after },
    // Of rules alone ip(8) does not see the family in the address.
    { program: 'ip -4' as const, lines: rules.filter((line) => !isV6(line)) },
    { program: 'ip -6' as const, lines: rules.filter(isV6) },
  ]
  return {
    commands: batches.filter(({ lines }) => lines.length > 0),
    routes,
    stalePorts: present.devices
      .filter(({ bridge, mtu }) => bridge === names.bridge && desired.podMtu !== undefined && mtu !== desired.podMtu)
      .map(({ name }) => name),
    problems: [...desired.problems, ...problems],
  }
}

/** A route is known by where it leads from; one that differs in the rest is replaced. */
const keyOf = ({ destination, table, metric }: Route): string => `${destination} ${table} ${metric}`

/** The number tells; a device of ours and a table of ours hold nothing of others. The kernel's own routes come and go with addresses. */
const isOurs = (route: Route, vxlan: string): boolean =>
  route.protocol === routeProtocol || ((route.device === vxlan || route.table === routeTable) && route.protocol !== 'kernel')

/** Other ways into pod ranges of other nodes: a route to the same range that goes before ours, or to a part of it. */
function conflicts(desired: DesiredNetwork, present: PresentNetwork, bridge: string) {
  const problems: NetworkProblem[] = []
  const blocked = new Set<Route>()
  const foreign = present.routes.filter(({ protocol, table }) => protocol !== routeProtocol && table !== routeTable)
  for (const route of desired.routes) {
    if (route.table === routeTable) continue
    for (const other of foreign) {
      if (!isWithin(other.destination, route.destination)) continue
      const isSame = other.destination === route.destination
      // A bridge of ours that had the range before gives it up in the same plan.
      if (other.protocol === 'kernel' && other.device === bridge) continue
      if (isSame && (other.metric > route.metric || other.device === route.device)) continue
      if (isSame && other.metric === route.metric) blocked.add(route)
      problems.push({
        reason: 'RouteConflict',
        message: `the route ${other.destination}${other.via === undefined ? '' : ` via ${other.via}`} dev ${other.device} is in the way of pods of ${route.destination} on another node; remove it ("ip route delete ${other.destination} dev ${other.device}"), or give the cluster another podCIDR`,
      })
    }
  }
  return { problems, blocked }
}

/** What cannot be changed of a device that exists. */
const isSameTunnel = ({ vxlan }: Device, local: string): boolean =>
  vxlan !== undefined && vxlan.id === vxlanId && vxlan.port === vxlanPort && vxlan.local === local && !vxlan.isLearning

function deviceLines(name: string, wanted: NonNullable<DesiredNetwork['vxlan']>, kept: Device | undefined): string[] {
  const lines: string[] = []
  if (!kept)
    lines.push(
      `link add name ${name} address ${wanted.mac} mtu ${wanted.mtu} type vxlan id ${vxlanId} local ${wanted.local} dstport ${vxlanPort} nolearning`,
      // Its neighbours are told to it; it needs no address of its own making.
      `link set dev ${name} addrgenmode none`,
    )
  if (kept && kept.mac !== wanted.mac) lines.push(`link set dev ${name} address ${wanted.mac}`)
  if (kept && kept.mtu !== wanted.mtu) lines.push(`link set dev ${name} mtu ${wanted.mtu}`)
  for (const address of kept?.addresses ?? []) if (!wanted.addresses.includes(address)) lines.push(`address delete ${address} dev ${name}`)
  for (const address of wanted.addresses)
    if (!kept?.addresses.includes(address)) lines.push(`address add ${address} dev ${name}${isV6(address) ? ' nodad' : ''}`)
  if (!kept?.isUp) lines.push(`link set dev ${name} up`)
  return lines
}

/** The CNI plug-in makes the bridge with the first pod; what changes later is ours to change. */
function bridgeLines(name: string, { bridgeAddresses, podMtu }: DesiredNetwork, { devices }: PresentNetwork): string[] {
  const bridge = devices.find((device) => device.name === name)
  if (!bridge) return []
  const lines: string[] = []
  if (bridgeAddresses)
    for (const address of bridge.addresses) if (!bridgeAddresses.includes(address)) lines.push(`address delete ${address} dev ${name}`)
  if (podMtu !== undefined && bridge.mtu !== podMtu) lines.push(`link set dev ${name} mtu ${podMtu}`)
  return lines
}

const isSameAs =
  <T extends object>(a: T) =>
  (b: T): boolean =>
    Object.keys({ ...a, ...b }).every((key) => a[key as keyof T] === b[key as keyof T])

const tableOf = ({ table }: Route): string => (table === routeTable ? ` table ${table}` : '')
const metricOf = ({ metric }: Route): string => (metric === 0 ? '' : ` metric ${metric}`)
const placeOf = (route: Route): string => `${route.destination}${tableOf(route)}`
const textOf = (route: Route): string =>
  `${placeOf(route)}${route.via === undefined ? '' : ` via ${route.via}`} dev ${route.device}${route.isOnLink ? ' onlink' : ''}${metricOf(route)} proto ${routeProtocol}`
