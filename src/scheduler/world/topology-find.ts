import type { Labelled, Scope } from './topology-scope.ts'

/** Scopes found by what they might select, without asking every one of them. */
export interface ByScope<T> {
  add(scopes: readonly Scope[], entry: T): void
  delete(scopes: readonly Scope[], entry: T): void
  /** Visits each entry whose scopes may all select it, and maybe others; no entry twice. */
  candidates(object: Labelled, visit: (entry: T) => void): void
}

/** Things with labels found by a scope, without asking every one of them. */
export interface ByLabels<T extends Labelled> {
  add(entry: T): void
  delete(entry: T): void
  /** Visits each entry that the scopes may all select, and maybe others; no entry twice. */
  candidates(scopes: readonly Scope[], visit: (entry: T) => void): void
}

/** One place for each value that a selector asks a label to have; what asks for none is looked at by everybody. */
export function createByScope<T>(): ByScope<T> {
  const buckets = new Map<string, Set<T>>()
  return {
    add(scopes, entry) {
      for (const key of keysOf(scopes)) put(buckets, key, entry)
    },
    delete(scopes, entry) {
      for (const key of keysOf(scopes)) take(buckets, key, entry)
    },
    candidates({ namespace, labels = {} }, visit) {
      const look = (key: string): void => buckets.get(key)?.forEach(visit)
      look('')
      look(namespace)
      for (const name in labels) {
        look(bucketKey('', name, labels[name]!))
        look(bucketKey(namespace, name, labels[name]!))
      }
    },
  }
}

/** By label and by namespace; a scope looks where the fewest are. */
export function createByLabels<T extends Labelled>(): ByLabels<T> {
  const all = new Set<T>()
  const byNamespace = new Map<string, Set<T>>()
  const byLabel = new Map<string, Set<T>>()
  const each = ({ namespace, labels = {} }: T, change: (index: Map<string, Set<T>>, key: string) => void): void => {
    change(byNamespace, namespace)
    for (const name in labels) change(byLabel, bucketKey('', name, labels[name]!))
  }
  return {
    add(entry) {
      all.add(entry)
      each(entry, (index, key) => put(index, key, entry))
    },
    delete(entry) {
      all.delete(entry)
      each(entry, (index, key) => take(index, key, entry))
    },
    candidates(scopes, visit) {
      const { namespace, requirement } = handleOf(scopes)
      const labelled = requirement?.values.map((value) => byLabel.get(bucketKey('', requirement.key, value)))
      const near = namespace === '' ? undefined : (byNamespace.get(namespace) ?? new Set<T>())
      const labelledCount = labelled?.reduce((sum, { size = 0 } = new Set<T>()) => sum + size, 0) ?? Infinity
      if (labelled !== undefined && labelledCount <= (near?.size ?? Infinity)) for (const entries of labelled) entries?.forEach(visit)
      else for (const entry of near ?? all) visit(entry)
    },
  }
}

/** So many values of one label are still looked up one by one. */
const valuesMax = 16

/** What all that the scopes select have in common: one namespace ('' where there may be more), and a label with one of these values. */
function handleOf(scopes: readonly Scope[]) {
  const namespace = scopes.find(({ namespaces, namespaceSelector }) => namespaces.size === 1 && namespaceSelector.nothing)?.namespaces
  const requirement = scopes
    .flatMap(({ selector }) => selector.requirements)
    .filter(({ operator, values }) => (operator === '=' || operator === '==' || operator === 'in') && values.length <= valuesMax)
    .reduce<Scope['selector']['requirements'][number] | undefined>(
      (best, next) => (best === undefined || next.values.length < best.values.length ? next : best),
      undefined,
    )
  return { namespace: namespace === undefined ? '' : [...namespace][0]!, requirement }
}

function keysOf(scopes: readonly Scope[]): readonly string[] {
  const { namespace, requirement } = handleOf(scopes)
  return requirement === undefined ? [namespace] : requirement.values.map((value) => bucketKey(namespace, requirement.key, value))
}

/** Never that of a namespace alone, and none can stand for two. */
const bucketKey = (namespace: string, name: string, value: string): string => `${namespace}\0${name}\0${value}`

function put<T>(index: Map<string, Set<T>>, key: string, entry: T): void {
  let entries = index.get(key)
  if (entries === undefined) index.set(key, (entries = new Set()))
  entries.add(entry)
}

function take<T>(index: Map<string, Set<T>>, key: string, entry: T): void {
  const entries = index.get(key)
  entries?.delete(entry)
  if (entries?.size === 0) index.delete(key)
}
