import { type ErrorDetails, WherryError } from '#lib/errors.ts'
import type { Admission } from '../contract.ts'
import { forbiddenError } from '../http/status.ts'

/** What a plug-in throws: the resource asked for, the object's name as far as it has one, and why. */
export function refusal({ kind, attributes, object }: Admission, why: string, details: ErrorDetails = {}): WherryError {
  const { resource, group } = attributes
  const name = attributes.name || object?.metadata?.name || object?.metadata?.generateName || 'Unknown'
  return forbiddenError({ ...kind, plural: resource, group }, name, why, details)
}

/** What the reference lets through as any error: 500, and no reason. */
export const plainError = (message: string): WherryError => new WherryError('InternalError', message, { status: 500 })

/** Several reasons in one text, each once, as the reference joins them. */
export function joined(reasons: readonly string[]): string {
  const unique = [...new Set(reasons)]
  return unique.length === 1 ? unique[0]! : `[${unique.join(', ')}]`
}
