import { apiVersionOf, type KubeObject } from '#api/kind.ts'
import { quote } from '#schema/go-text.ts'
import { type AnyType, fieldsOf } from '#schema/schema.ts'
import type { RequestInfo } from './request-info.ts'
import { badRequest } from './status.ts'

/**
 * The query of a connection as the object of options that admission looks at: values are read by the type of their field, and what is left out
 * or empty is not there. The rest of a proxy's path is its `path`.
 */
export function connectOptions(
  [group, version, kind]: readonly [group: string, version: string, kind: string],
  type: AnyType | undefined,
  { query, rest }: Pick<RequestInfo, 'query' | 'rest'>,
): KubeObject {
  const options: Record<string, unknown> = { apiVersion: apiVersionOf({ group, version }), kind }
  for (const [name, { type: of }] of Object.entries(type === undefined ? {} : fieldsOf(type))) {
    const values = query.getAll(name)
    const value = name === 'path' && rest.length > 0 ? `/${rest.join('/')}` : read(of, values)
    if (value !== undefined && name !== 'apiVersion' && name !== 'kind') options[name] = value
  }
  return options as unknown as KubeObject
}

/** The only numbers in lists are ports. Error: `BadRequest`, in the reference's words. */
function readPort(text: string): number {
  const refuse = (why: string) => badRequest(`cannot convert to []int32: strconv.ParseUint: parsing ${quote(text)}: ${why}`)
  if (!/^\d+$/.test(text)) throw refuse('invalid syntax')
  if (Number(text) > 65535) throw refuse('value out of range')
  return Number(text)
}

function read({ shape }: AnyType, values: readonly string[]): unknown {
  const [first] = values
  if (first === undefined) return undefined
  if (shape.kind === 'list') return shape.item.shape.kind === 'string' ? values : values.flatMap((value) => value.split(',').map(readPort))
  // Anything but a clear no is a yes, as the reference reads it.
  if (shape.kind === 'bool') return first === '0' || first.toLowerCase() === 'false' ? undefined : true
  return first === '' ? undefined : first
}
