/** Words that no name in an expression may be (cel-spec), as field names are escaped for them. */
const reserved: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
)
/** Whether CEL takes the word for itself, so that a field of this name is written `__name__`. */
export const isReservedName = (name: string): boolean => reserved.has(name)
const escapes: Readonly<Record<string, string>> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' }
const unescapes: Readonly<Record<string, string>> = { underscores: '__', dot: '.', dash: '-', slash: '/' }

/** A field's name as expressions write it; `undefined` for one that they cannot (documentation, "Validation rules", on escaping). */
export function escapeName(name: string): string | undefined {
  if (reserved.has(name)) return `__${name}__`
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined
  return name.replace(/__|[-./]/g, (part) => escapes[part] as string)
}

/** The field's name behind what an expression writes; `undefined` for what nothing escapes to. */
export function unescapeName(escaped: string): string | undefined {
  let isBroken = false
  const name = escaped.replace(/__([^_]+)__/g, (all, word: string) => {
    const plain = unescapes[word]
    if (plain !== undefined) return plain
    if (!reserved.has(word) || all.length !== escaped.length) isBroken = true
    return word
  })
  return isBroken ? undefined : name
}
