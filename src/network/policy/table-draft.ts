/**
 * One nftables table as it should be, and what of it the kernel has not been told yet. Whatever is changed back before it was told is no
 * change; so a transaction is as large as the difference, and never larger.
 */
export interface TableDraft {
  /** A named set or map (`declaration` begins with `set` or `map`), empty. */
  declare(name: string, declaration: SetDeclaration): void
  /** With all its elements; nothing may name it any more when the change is taken. */
  drop(name: string): void
  /** `value` is the verdict of a map's element, '' in a set. */
  put(set: string, element: string, value?: string): void
  remove(set: string, element: string): void
  /** The rules of a chain, all of them. */
  chain(name: string, rules: readonly string[]): void
  dropChain(name: string): void
  /** The difference since this or `takeWhole` was last called, as lines of nft(8); '' where there is none. */
  takeChanges(): string
  /** All of it, as lines that make it in an empty table. */
  takeWhole(): string
}

export interface SetDeclaration {
  readonly is: 'set' | 'map'
  /** As nft has it: `type ipv4_addr;`. */
  readonly spec: string
}

export function createTableDraft(table: string): TableDraft {
  const sets = new Map<string, { readonly declaration: SetDeclaration; readonly elements: Map<string, string> }>()
  const chains = new Map<string, readonly string[]>()
  /** What the kernel has of all that was touched since it was last told; undefined: it has none. */
  const was = {
    sets: new Map<string, SetDeclaration | undefined>(),
    elements: new Map<string, Map<string, string | undefined>>(),
    chains: new Map<string, readonly string[] | undefined>(),
  }

  function remember<T>(known: Map<string, T>, name: string, value: T): void {
    if (!known.has(name)) known.set(name, value)
  }
  function rememberElement(set: string, element: string, value: string | undefined): void {
    let known = was.elements.get(set)
    if (known === undefined) was.elements.set(set, (known = new Map()))
    remember(known, element, value)
  }
  function takeAll(): void {
    was.sets.clear()
    was.elements.clear()
    was.chains.clear()
  }

  const addSet = (name: string, { is, spec }: SetDeclaration): string => `add ${is} ${table} ${name} { ${spec} }`
  const addElements = (set: string, elements: readonly (readonly [string, string])[]): string[] =>
    elements.length === 0
      ? []
      : [`add element ${table} ${set} { ${elements.map(([key, value]) => (value === '' ? key : `${key} : ${value}`)).join(', ')} }`]
  const addRules = (name: string, rules: readonly string[]): string[] => rules.map((rule) => `add rule ${table} ${name} ${rule}`)

  /** In an order in which every step finds what it names: sets and chains, rules, elements; then what nothing names any more. */
  function changes(): string[] {
    const begin: string[] = []
    const elements: string[] = []
    const end: string[] = []
    for (const [name, before] of was.sets) {
      const now = sets.get(name)
      if (before === undefined && now !== undefined) {
        begin.push(addSet(name, now.declaration))
        elements.push(...addElements(name, [...now.elements]))
      } else if (before !== undefined && now === undefined) end.push(`delete set ${table} ${name}`)
    }
    const rules: string[] = []
    for (const [name, before] of was.chains) {
      const now = chains.get(name)
      if (now === undefined) {
        // Chains may jump to each other: all are emptied before the first is deleted.
        if (before !== undefined) {
          rules.push(`flush chain ${table} ${name}`)
          end.unshift(`delete chain ${table} ${name}`)
        }
        continue
      }
      if (before !== undefined && same(before, now)) continue
      begin.push(before === undefined ? `add chain ${table} ${name}` : `flush chain ${table} ${name}`)
      rules.push(...addRules(name, now))
    }
    for (const [set, touched] of was.elements) {
      const now = sets.get(set)
      // A set that is new was written whole, and one that goes takes its elements along.
      if (now === undefined || (was.sets.has(set) && was.sets.get(set) === undefined)) continue
      const gone: string[] = []
      const added: (readonly [string, string])[] = []
      for (const [element, before] of touched) {
        const value = now.elements.get(element)
        if (value === before) continue
        if (before !== undefined) gone.push(element)
        if (value !== undefined) added.push([element, value])
      }
      if (gone.length > 0) elements.push(`delete element ${table} ${set} { ${gone.join(', ')} }`)
      elements.push(...addElements(set, added))
    }
    return [...begin, ...rules, ...elements, ...end]
  }

  return {
    declare(name, declaration) {
      remember(was.sets, name, undefined)
      sets.set(name, { declaration, elements: new Map() })
    },
    drop(name) {
      const set = sets.get(name)
      if (set === undefined) return
      remember(was.sets, name, set.declaration)
      for (const [element, value] of set.elements) rememberElement(name, element, value)
      sets.delete(name)
    },
    put(set, element, value = '') {
      const { elements } = sets.get(set)!
      const before = elements.get(element)
      if (before === value) return
      rememberElement(set, element, before)
      elements.set(element, value)
    },
    remove(set, element) {
      const { elements } = sets.get(set)!
      const before = elements.get(element)
      if (before === undefined) return
      rememberElement(set, element, before)
      elements.delete(element)
    },
    chain(name, rules) {
      remember(was.chains, name, chains.get(name))
      chains.set(name, rules)
    },
    dropChain(name) {
      remember(was.chains, name, chains.get(name))
      chains.delete(name)
    },
    takeChanges() {
      const lines = changes()
      takeAll()
      return lines.length === 0 ? '' : `${lines.join('\n')}\n`
    },
    takeWhole() {
      takeAll()
      const lines = [
        ...[...sets].map(([name, { declaration }]) => addSet(name, declaration)),
        ...[...chains.keys()].map((name) => `add chain ${table} ${name}`),
        ...[...chains].flatMap(([name, rules]) => addRules(name, rules)),
        ...[...sets].flatMap(([name, { elements }]) => addElements(name, [...elements])),
      ]
      return `${lines.join('\n')}\n`
    },
  }
}

const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((text, i) => text === b[i])
