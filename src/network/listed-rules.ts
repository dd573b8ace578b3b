/** What a chain holds: how many rules, and their text where the kernel was asked for it. */
export interface ChainRules {
  readonly count: number
  readonly text?: string
}

/** Chains by table and name, such as `ip wherry nat-postrouting`. What else may be set of a table (`flags dormant`) stands among them, without rules. */
export type ListedRules = ReadonlyMap<string, ChainRules>

/**
 * The chains of these tables in the listing of nft(8) without elements (`--terse`), with handles. Handles are left out of the text: whoever puts back the
 * same rule did no harm.
 */
export function listedRules(listing: string, tables: readonly string[]): ListedRules {
  const found = new Map<string, ChainRules>()
  let table: string | undefined
  let chain: { readonly key: string; count: number; readonly lines: string[] } | undefined
  for (const line of listing.split('\n')) {
    const [, header] = /^table (\S+ \S+) \{/.exec(line) ?? []
    if (header !== undefined) table = tables.includes(header) ? header : undefined
    if (table === undefined || header !== undefined) continue
    if (chain !== undefined && line.startsWith('\t\t')) {
      if (handle.test(line)) chain.count += 1
      chain.lines.push(line.replace(handle, ''))
      continue
    }
    if (chain !== undefined) found.set(chain.key, { count: chain.count, text: chain.lines.join('\n') })
    const [, name] = /^\tchain (\S+) \{/.exec(line) ?? []
    chain = name === undefined ? undefined : { key: `${table} ${name}`, count: 0, lines: [] }
    if (/^\t[^\t}]*$/.test(line) && !line.includes(' {')) found.set(`${table}: ${line.trim()}`, { count: 0 })
  }
  return found
}

/** What there is after a transaction of ours, by its lines: of chains that it wrote only how many rules they have. `before` itself where it wrote none. */
export function changedRules(before: ListedRules, transaction: string): ListedRules {
  const commands = [...transaction.matchAll(/^(add|flush|delete) (chain|rule) (\S+ \S+) (\S+)/gm)]
  if (commands.length === 0) return before
  const after = new Map(before)
  for (const [, verb, object, table, name] of commands) {
    const key = `${table} ${name}`
    if (object === 'rule') after.set(key, { count: (after.get(key)?.count ?? 0) + 1 })
    else if (verb === 'delete') after.delete(key)
    else if (verb === 'flush' || !after.has(key)) after.set(key, { count: 0 })
  }
  return after
}

/** Whether there is what has to be, no rule less, more, or other than it was. */
export function sameRules(wanted: ListedRules, present: ListedRules): boolean {
  if (wanted.size !== present.size) return false
  for (const [key, { count, text }] of wanted) {
    const found = present.get(key)
    if (found === undefined || found.count !== count || (text !== undefined && found.text !== text)) return false
  }
  return true
}

const handle = / # handle \d+$/
