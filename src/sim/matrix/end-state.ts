import type { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject } from '#api/kind.ts'
import { registryRoot } from '#apiserver/registry/keys.ts'
import type { World } from '../world.ts'

/**
 * What a world holds, in a form in which two lives of the same wishes are equal: without what chance and time choose (names' random ends, uids,
 * addresses, ports, instants, the node of a pod), without what only tells of the way (events, leases, versions), and in no order.
 */
export function endState(world: World): readonly string[] {
  const lines: string[] = []
  for (const key of world.keys) {
    if (!key.startsWith(registryRoot) || passing.some((prefix) => key.startsWith(`${registryRoot}${prefix}`))) continue
    const object = world.byKey(key)!
    if (isLeftOver(object)) continue
    lines.push(`${withoutChance(key.slice(registryRoot.length))} ${canonical(withoutTraces(object, world))}`)
  }
  return lines.sort()
}

/** What one has and the other lacks, at most so many; of an object that both have, what of it differs. */
export function differences(expected: readonly string[], actual: readonly string[], most = 6): readonly string[] {
  const lacking = without(expected, actual)
  const more = without(actual, expected)
  const missed = lacking.map((line) => {
    const index = more.findIndex((other) => keyOf(other) === keyOf(line))
    return index < 0 ? `lacks ${keyOf(line)}` : `${keyOf(line)}: ${between(line, more.splice(index, 1)[0]!)}`
  })
  return [...missed, ...more.map((line) => `has ${line.slice(0, 300)}`)].slice(0, most)
}

const keyOf = (line: string): string => line.slice(0, line.indexOf(' '))

/** Where two texts part, with what follows. */
function between(expected: string, actual: string): string {
  let from = 0
  while (from < expected.length && expected[from] === actual[from]) from += 1
  const shown = (text: string): string => text.slice(Math.max(0, from - 40), from + 80)
  return `…${shown(expected)}… is …${shown(actual)}…`
}

/** A pod that failed in a set, beside the one in its place: nobody counts it, and nobody has to take it away. */
const isLeftOver = (object: KubeObject): boolean =>
  object.kind === 'Pod' &&
  (object as Pod).status.phase === 'Failed' &&
  object.metadata.ownerReferences?.some(
    ({ kind, controller }) => controller && (kind === 'ReplicaSet' || kind === 'ReplicationController'),
  ) === true

/**
 * Without what only a crash leaves, and rightly so: that a disruption of a pod was announced and did not come about; and that an account names
 * a Secret that is gone, which after a restart nobody can tell from one that is still to come.
 */
function withoutTraces(object: KubeObject, world: World): object {
  const { status, secrets, ...rest } = object as KubeObject & {
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
    readonly secrets?: readonly { readonly name: string }[]
  }
  const isTrace = ({ type, status }: { readonly type: string; readonly status: string }) =>
    type === 'DisruptionTarget' && status === 'False'
  const isThere = ({ name }: { readonly name: string }) =>
    world.byKey(`${registryRoot}core/secrets/${object.metadata.namespace}/${name}`) !== undefined
  return {
    ...rest,
    ...(status !== undefined && { status: { ...status, conditions: status.conditions?.filter((one) => !isTrace(one)) } }),
    ...(secrets !== undefined && { secrets: secrets.filter(isThere) }),
  }
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1)
  return lines.filter((line) => {
    const left = counts.get(line) ?? 0
    counts.set(line, left - 1)
    return left <= 0
  })
}

const passing = ['core/events/', 'events.k8s.io/', 'coordination.k8s.io/', 'core/componentstatuses/']

const canonical = (object: object): string => withoutChance(JSON.stringify(sorted(object)))

/** Keys that time or chance fill; and what an autoscaler last wished, which it keeps while it has no metrics to wish by. */
const chosen =
  /^(uid|resourceVersion|managedFields|generation|observedGeneration|creationTimestamp|containerID|imageID|nodeName|hostIPs?|nodePort|healthCheckNodePort|restartCount|lastState|daemonEndpoints|images|podCIDRs?|token|conditionLastUpdated|leaseTransitions|terminationGracePeriodSeconds|deletionGracePeriodSeconds|holderIdentity|desiredReplicas)$|([tT]ime|[tT]imestamp|At)$/

function sorted(value: unknown): unknown {
  if (Array.isArray(value))
    return value
      .map(sorted)
      .map((item) => [withoutChance(JSON.stringify(item) ?? ''), item] as const)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([, item]) => item)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value)
    .filter(([key]) => !chosen.test(key))
    .map(([key, item]) => [key, sorted(item)] as const)
    .filter(([, item]) => item !== undefined && !isNothing(item))
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** `{}` and `[]` say as much as a field that is not there. */
const isNothing = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0

/** Of the alphabet that random ends of names are drawn from. */
const withoutChance = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replaceAll(/\b\d{1,3}(\.\d{1,3}){3}\b/g, '<address>')
    .replaceAll(/-[bcdfghjklmnpqrstvwxz2456789]{5}(?=["/ ,:.]|$)/g, '-<random>')
    .replaceAll(/eyJ[\w.-]{20,}/g, '<token>')
    .replaceAll(/ZXlK[\w=]{20,}/g, '<token>')
    // A certificate says when it was made.
    .replaceAll(/LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t[\w=+/]+/g, '<certificate>')
