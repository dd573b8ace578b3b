import type { AnyKind } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'

/** One condition on a field's text. All of a selector's terms have to hold. */
export interface FieldTerm {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

/** Parses `status.phase=Running,spec.nodeName!=n1`; `\,`, `\=` and `\\` stand for themselves. Throws `BadRequest`. */
export function parseFieldSelector(text: string): readonly FieldTerm[] {
  return splitTerms(text)
    .toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .filter((term) => term !== '')
    .map((term) => {
      const found = /^(.*?)(!=|==|=)(.*)$/s.exec(term)
      if (found === null) throw new WherryError('BadRequest', `invalid selector: '${text}'; can't understand '${term}'`)
      const [, field, operator, value] = found
      return { field: field!, operator: operator === '!=' ? '!=' : '=', value: unescapeValue(value!) }
    })
}

/** Parses, and refuses fields that objects of the kind cannot be chosen by. */
export function fieldSelectorOf(
  kind: Pick<AnyKind, 'rules'> & Partial<Pick<AnyKind, 'scope' | 'shape'>>,
  text: string,
): readonly FieldTerm[] {
  const own: Readonly<Record<string, unknown>> | undefined = kind.rules.selectableFields
  // Of custom resources only those in namespaces can be chosen by it.
  const isPlaceless = kind.shape?.kind === 'structural' && kind.scope === 'Cluster'
  return parseFieldSelector(text).map((term) => {
    if (term.field === 'metadata.name' || (term.field === 'metadata.namespace' && !isPlaceless)) return term
    if (own !== undefined && Object.hasOwn(own, term.field)) return term
    throw new WherryError(
      'BadRequest',
      own === undefined
        ? `"${term.field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
        : (kind.rules.unselectable?.(term.field) ?? `field label not supported: ${term.field}`),
    )
  })
}

/** Whether the object fulfils every term. Fields come from the kind; a field that it does not know counts as empty. */
export function matchesFields(
  kind: Pick<AnyKind, 'rules'>,
  terms: readonly FieldTerm[],
  object: { readonly metadata: { readonly name?: string | undefined; readonly namespace?: string | undefined } },
): boolean {
  for (const { field, operator, value } of terms) {
    const present =
      field === 'metadata.name'
        ? (object.metadata.name ?? '')
        : field === 'metadata.namespace'
          ? (object.metadata.namespace ?? '')
          : (kind.rules.selectableFields?.[field]?.(object) ?? '')
    if ((present === value) !== (operator === '=')) return false
  }
  return true
}

/** The value that the selector demands of the field, if it demands one: lets a list of one name be a get. */
export const requiredValue = (terms: readonly FieldTerm[], field: string): string | undefined =>
  terms.find((term) => term.field === field && term.operator === '=')?.value

/** A term's value with its special characters escaped. */
export const escapeFieldValue = (value: string): string => value.replace(/[\\,=]/g, (special) => `\\${special}`)

function splitTerms(text: string): string[] {
  const terms: string[] = []
  let term = ''
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i]!
    if (char === ',') {
      terms.push(term)
      term = ''
    } else if (char === '\\') {
      term += char + (text[i + 1] ?? '')
      i += 1
    } else term += char
  }
  return [...terms, term]
}

function unescapeValue(value: string): string {
  let out = ''
  for (let i = 0; i < value.length; i += 1) {
    const char = value[i]!
    if (char === '\\') {
      const next = value[i + 1]
      if (next !== '\\' && next !== ',' && next !== '=')
        throw new WherryError('BadRequest', `invalid field selector: invalid escape sequence: \\${next ?? ''}`)
      out += next
      i += 1
    } else if (char === ',' || char === '=') {
      // The reference names the character by its code point.
      throw new WherryError('BadRequest', `invalid field selector: unescaped character in value: ${char.codePointAt(0)}`)
    } else out += char
  }
  return out
}
