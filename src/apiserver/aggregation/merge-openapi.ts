type Json = Readonly<Record<string, unknown>>

/**
 * A document of version 2 with what others say added: paths that it does not have, and their definitions. Two definitions of one name that
 * say different things (descriptions left aside) are told apart by a number, `Thing_v2`, as the reference does.
 */
export function withRemote(document: Json, others: readonly Json[]): Json {
  if (others.length === 0) return document
  const paths: Record<string, unknown> = { ...(document['paths'] as Json) }
  const definitions: Record<string, unknown> = { ...(document['definitions'] as Json) }
  for (const other of others) {
    const names = new Map<string, string>()
    const theirs = Object.entries((other['definitions'] ?? {}) as Json)
    for (const [name, definition] of theirs) {
      let free = name
      for (let i = 2; definitions[free] !== undefined && said(definitions[free]) !== said(definition); i += 1) free = `${name}_v${i}`
      names.set(name, free)
    }
    for (const [name, definition] of theirs) definitions[names.get(name)!] ??= renamed(definition, names)
    for (const [path, item] of Object.entries((other['paths'] ?? {}) as Json)) paths[path] ??= renamed(item, names)
  }
  return { ...document, paths, definitions }
}

/** What a definition says, in one text that does not hang on order or on descriptions. */
const said = (definition: unknown): string => JSON.stringify(plain(definition))

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key, item]) => key !== 'description' || typeof item !== 'string')
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, plain(item)]))
}

function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, names))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const name = key === '$ref' && typeof item === 'string' ? item.replace(definitionRoot, '') : undefined
      return [key, name === undefined ? renamed(item, names) : `${definitionRoot}${names.get(name) ?? name}`]
    }),
  )
}

/** What references to definitions begin with. */
export const definitionRoot = '#/definitions/'
