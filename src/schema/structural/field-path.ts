import type { Structural } from './structural.ts'

/** Where a path such as `.spec.a['x']` leads in a schema, or why it leads nowhere. */
export type FieldPath =
  | { readonly path: string; readonly root: string; readonly schema: Structural | undefined; readonly problem?: undefined }
  | { readonly problem: string }

/** Follows field and map accessors. `allowsBrackets`: `['x']` may be written too. */
export function followFieldPath(text: string, schema: Structural, allowsBrackets = true): FieldPath {
  let current: Structural | undefined = schema
  let path = ''
  let root = ''
  const tokens = tokensOf(text)
  const nowhere = { problem: 'does not refer to a valid field' }
  /** False where nothing is there. */
  const step = (name: string): boolean => {
    if (current === undefined) return false
    if (current.properties !== undefined) {
      if (!Object.hasOwn(current.properties, name)) return false
      path += path === '' ? name : `.${name}`
      current = current.properties[name]
    } else if (current.additionalProperties !== undefined) {
      path += `[${name}]`
      current = typeof current.additionalProperties === 'object' ? current.additionalProperties : undefined
    } else return false
    if (root === '') root = path
    return true
  }
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i]!
    if (token === '.') {
      const name = tokens[(i += 1)]
      if (name === undefined) return { problem: 'unexpected end of JSON path' }
      if (!step(name)) return nowhere
    } else if (token === '[') {
      if (!allowsBrackets) return { problem: 'array notation is not allowed' }
      const quoted = tokens[(i += 1)]
      if (quoted === undefined) return { problem: 'unexpected end of JSON path' }
      if (quoted.length < 2 || !quoted.startsWith("'") || !quoted.endsWith("'"))
        return { problem: `expected single quoted string but got ${quoted}` }
      const name = unescaped(quoted.slice(1, -1))
      if (name.problem !== undefined) return { problem: `invalid string literal: ${name.problem}` }
      if (!step(name.text)) return nowhere
      const close = tokens[(i += 1)]
      if (close === undefined) return { problem: 'unexpected end of JSON path' }
      if (close !== ']') return { problem: `expected ] but got ${close}` }
    } else return { problem: `expected [ or . but got: ${token}` }
  }
  return { path, root, schema: current }
}

/** Delimiters alone, quoted text whole, the rest between delimiters. */
const tokensOf = (text: string): string[] => text.match(/'(?:[^'\\]|\\.)*'|[.[\]]|'.*$|[^.[\]']+[^.[\]]*/gs) ?? []

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', "'": "'", '\\': '\\' }

function unescaped(text: string): { readonly text: string; readonly problem?: string } {
  let problem: string | undefined
  const out = text.replace(/\\./gs, (whole) => {
    const found = escapes[whole[1]!]
    if (found === undefined) problem = `invalid escape char ${whole}`
    return found ?? ''
  })
  return { text: out, ...(problem !== undefined && { problem }) }
}
