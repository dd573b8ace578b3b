import { formatSelector, type Labels, matches, type Selector } from '#api/meta/v1/selector.ts'
import { families } from './address-ranges.ts'
import type { NamedPort, PodSelection } from './compiled-policy.ts'
import { createLabelIndex, type LabelIndex } from './label-index.ts'
import { haveSameAddresses, haveSamePorts, type PolicyPod } from './policy-pod.ts'
import { type PortScope, podSetName, portSetName } from './rule-text.ts'
import type { TableDraft } from './table-draft.ts'

/**
 * The sets of addresses that rules name: pods by selection, and named ports. A set is there while somebody holds it, and equal ones are one. A
 * pod that comes, changes or goes costs what it takes to find its own sets, however many pods and sets there are.
 */
export interface PodSets {
  /** As the pod is now; undefined: it is gone. */
  setPod(key: string, pod: PolicyPod | undefined): void
  /** Labels of a namespace; undefined: it is gone, and no namespace selector chooses it. */
  setNamespace(name: string, labels: Labels | undefined): void
  hold(selection: PodSelection): void
  release(selection: PodSelection): void
  holdPort(scope: PortScope, port: NamedPort): void
  releasePort(scope: PortScope, port: NamedPort): void
}

interface PodRecord {
  readonly pod: PolicyPod
  readonly sets: Set<PodSet>
}

/** One selection, in use. */
interface PodSet {
  readonly selection: PodSelection
  readonly scope: Scope
  holders: number
  readonly members: Set<string>
  readonly counts: Counts
}

interface PortSet {
  readonly scope: PortScope
  readonly port: NamedPort
  holders: number
  readonly counts: Counts
}

/** Pods share an address while one ends and the next begins: an element goes when its last pod goes. */
type Counts = Map<string, number>

/** Namespaces that selections are about: one by its name, or those that a selector chooses. */
interface Scope {
  readonly id: string
  readonly namespaces: string | Selector
  readonly index: LabelIndex<PodSet>
}

export function createPodSets(draft: TableDraft): PodSets {
  const records = new Map<string, PodRecord>()
  const byNamespace = new Map<string, Set<string>>()
  const namespaces = new Map<string, { readonly labels: Labels; readonly scopes: Set<Scope> }>()
  const scopes = new Map<string, Scope>()
  const sets = new Map<string, PodSet>()
  const portSets = new Map<string, PortSet>()
  /** By protocol and name, as pods have them. */
  const portSetsByPort = new Map<string, Set<PortSet>>()

  // --- elements --------------------------------------------------------------------------------------------------------------------

  function count(counts: Counts, set: string, element: string, by: 1 | -1): void {
    const key = `${set} ${element}`
    const before = counts.get(key) ?? 0
    const now = before + by
    if (now > 0) counts.set(key, now)
    else counts.delete(key)
    if (before === 0) draft.put(set, element)
    else if (now === 0) draft.remove(set, element)
  }

  function countPod({ selection, counts }: PodSet, { addresses }: PolicyPod, by: 1 | -1): void {
    for (const { family, text } of addresses) count(counts, podSetName(selection, family), text, by)
  }

  function countPorts({ addresses, ports, isLocal }: PolicyPod, by: 1 | -1, only?: PortSet): void {
    for (const { protocol, name, number } of ports)
      for (const set of portSetsByPort.get(`${protocol} ${name}`) ?? []) {
        if ((only !== undefined && set !== only) || (set.scope === 'node' && !isLocal)) continue
        for (const { family, text } of addresses)
          count(set.counts, portSetName(set.scope, set.port, family), `${text} . ${protocol} . ${number}`, by)
      }
  }

  // --- which sets a pod is in ------------------------------------------------------------------------------------------------------

  function setsOf({ namespace, labels }: PolicyPod): Set<PodSet> {
    const found = new Set<PodSet>()
    const own = scopes.get(scopeId(namespace))
    for (const scope of own === undefined ? [] : [own]) for (const set of scope.index.matching(labels)) found.add(set)
    for (const scope of namespaces.get(namespace)?.scopes ?? []) for (const set of scope.index.matching(labels)) found.add(set)
    return found
  }

  function setPod(key: string, pod: PolicyPod | undefined): void {
    const before = records.get(key)
    const now = pod && { pod, sets: setsOf(pod) }
    const isMoved = before === undefined || now === undefined || !haveSameAddresses(before.pod, now.pod)
    for (const set of now?.sets ?? [])
      if (isMoved || !before!.sets.has(set)) {
        countPod(set, now!.pod, 1)
        set.members.add(key)
      }
    for (const set of before?.sets ?? []) {
      const isIn = now?.sets.has(set) === true
      if (isMoved || !isIn) countPod(set, before!.pod, -1)
      if (!isIn) set.members.delete(key)
    }
    if (isMoved || !haveSamePorts(before!.pod, now!.pod) || before!.pod.isLocal !== now!.pod.isLocal) {
      if (now !== undefined) countPorts(now.pod, 1)
      if (before !== undefined) countPorts(before.pod, -1)
    }
    if (before !== undefined && before.pod.namespace !== now?.pod.namespace) {
      const keys = byNamespace.get(before.pod.namespace)!
      keys.delete(key)
      if (keys.size === 0) byNamespace.delete(before.pod.namespace)
    }
    if (now === undefined) records.delete(key)
    else {
      records.set(key, now)
      let keys = byNamespace.get(now.pod.namespace)
      if (keys === undefined) byNamespace.set(now.pod.namespace, (keys = new Set()))
      keys.add(key)
    }
  }

  // --- what is held ----------------------------------------------------------------------------------------------------------------

  function scopeOf(within: string | Selector): Scope {
    const id = scopeId(within)
    const known = scopes.get(id)
    if (known !== undefined) return known
    const scope: Scope = { id, namespaces: within, index: createLabelIndex() }
    scopes.set(id, scope)
    if (typeof within !== 'string')
      for (const namespace of namespaces.values()) if (matches(within, namespace.labels)) namespace.scopes.add(scope)
    return scope
  }

  function* podsIn(scope: Scope): Generator<string> {
    if (typeof scope.namespaces === 'string') yield* byNamespace.get(scope.namespaces) ?? []
    else for (const [name, namespace] of namespaces) if (namespace.scopes.has(scope)) yield* byNamespace.get(name) ?? []
  }

  return {
    setPod,
    setNamespace(name, labels) {
      const before = namespaces.get(name)?.scopes ?? new Set<Scope>()
      const now = new Set<Scope>()
      if (labels !== undefined) {
        for (const scope of scopes.values()) if (typeof scope.namespaces !== 'string' && matches(scope.namespaces, labels)) now.add(scope)
        namespaces.set(name, { labels, scopes: now })
      } else namespaces.delete(name)
      if (before.size === now.size && [...before].every((scope) => now.has(scope))) return
      for (const key of byNamespace.get(name) ?? []) setPod(key, records.get(key)!.pod)
    },
    hold(selection) {
      const known = sets.get(selection.id)
      if (known !== undefined) {
        known.holders += 1
        return
      }
      const scope = scopeOf(selection.namespaces)
      const set: PodSet = { selection, scope, holders: 1, members: new Set(), counts: new Map() }
      sets.set(selection.id, set)
      scope.index.add(selection.pods, set)
      for (const family of families)
        draft.declare(podSetName(selection, family), {
          is: 'set',
          spec: `type ${addressType(family)}; ${commentOf(selectionText(selection))}`,
        })
      for (const key of podsIn(scope)) {
        const { pod, sets: inSets } = records.get(key)!
        if (!matches(selection.pods, pod.labels)) continue
        inSets.add(set)
        set.members.add(key)
        countPod(set, pod, 1)
      }
    },
    release({ id }) {
      const set = sets.get(id)!
      set.holders -= 1
      if (set.holders > 0) return
      const { scope, selection, members } = set
      sets.delete(id)
      for (const key of members) records.get(key)!.sets.delete(set)
      for (const family of families) draft.drop(podSetName(selection, family))
      scope.index.delete(selection.pods, set)
      if (scope.index.size > 0) return
      scopes.delete(scope.id)
      if (typeof scope.namespaces !== 'string') for (const namespace of namespaces.values()) namespace.scopes.delete(scope)
    },
    holdPort(scope, port) {
      const id = portId(scope, port)
      const known = portSets.get(id)
      if (known !== undefined) {
        known.holders += 1
        return
      }
      const set: PortSet = { scope, port, holders: 1, counts: new Map() }
      portSets.set(id, set)
      const name = `${port.protocol} ${port.name}`
      let sharing = portSetsByPort.get(name)
      if (sharing === undefined) portSetsByPort.set(name, (sharing = new Set()))
      sharing.add(set)
      for (const family of families)
        draft.declare(portSetName(scope, port, family), {
          is: 'set',
          spec: `type ${addressType(family)} . inet_proto . inet_service; ${commentOf(`port ${port.name} of ${scope}`)}`,
        })
      for (const { pod } of records.values()) countPorts(pod, 1, set)
    },
    releasePort(scope, port) {
      const id = portId(scope, port)
      const set = portSets.get(id)!
      set.holders -= 1
      if (set.holders > 0) return
      portSets.delete(id)
      const name = `${port.protocol} ${port.name}`
      const sharing = portSetsByPort.get(name)!
      sharing.delete(set)
      if (sharing.size === 0) portSetsByPort.delete(name)
      for (const family of families) draft.drop(portSetName(scope, port, family))
    },
  }
}

export const addressType = (family: 4 | 6): string => `ipv${family}_addr`

const portId = (scope: PortScope, { protocol, name }: NamedPort): string => `${scope} ${protocol} ${name}`
/** Selectors stand as JSON, which begins with a bracket, and no name does. */
const scopeId = (namespaces: string | Selector): string =>
  typeof namespaces === 'string' ? namespaces : JSON.stringify(namespaces.requirements)

/** For whoever reads `nft list`: names of sets are hashes. At most 127 bytes, of characters that end no text. */
const commentOf = (text: string): string => `comment "${text.replaceAll(/[^\w .,/=!()-]/g, '?').slice(0, 120)}";`

function selectionText({ namespaces, pods }: PodSelection): string {
  const [labels, chosen] = [formatSelector(pods), typeof namespaces === 'string' ? undefined : formatSelector(namespaces)]
  const within = chosen === undefined ? `in ${namespaces}` : chosen === '' ? 'in all namespaces' : `in namespaces ${chosen}`
  return `${labels === '' ? 'all pods' : `pods ${labels}`} ${within}`
}
