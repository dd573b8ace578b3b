import { WherryError } from '#lib/errors.ts'
import { quote } from '#schema/go-text.ts'
import type { Attributes, Decision } from '../contract.ts'

/** The refusal of a request, in the reference's words. `reason` is the authorizer's, appended when not empty. */
export function forbiddenError(attributes: Attributes, reason: string): WherryError {
  const { group, resource, name } = attributes
  return new WherryError('Forbidden', forbiddenMessage(attributes, reason), {
    ...(group !== '' && { group }),
    ...(resource !== '' && { kind: resource }),
    ...(name !== '' && { name }),
    // Empty details are there, even when they say nothing: so the reference writes them.
    causes: [],
  })
}

/** What a request that no authorizer allows is answered with: a refusal, or that it could not be decided. */
export function refusal(attributes: Attributes, { reason, error }: Decision): WherryError {
  if (error === undefined) return forbiddenError(attributes, reason)
  return new WherryError('InternalError', `Internal Server Error: ${quote(sanitize(attributes.path))}: ${error}`)
}

/** `pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "d"`, and its relatives. */
export function forbiddenMessage(attributes: Attributes, reason: string): string {
  const { group, resource, name } = attributes
  const text = sanitize(cannot(attributes))
  const why = reason === '' ? text : `${text}: ${reason}`
  if (resource === '') return name === '' ? `forbidden: ${why}` : `${quote(name)} is forbidden: ${why}`
  const qualified = group === '' ? resource : `${resource}.${group}`
  return name === '' ? `${qualified} is forbidden: ${why}` : `${qualified} ${quote(name)} is forbidden: ${why}`
}

function cannot({ user, verb, isResource, path, group, resource, subresource, namespace }: Attributes): string {
  const who = `User ${quote(user.name)} cannot ${verb}`
  if (!isResource) return `${who} path ${quote(path)}`
  const what = subresource === '' ? resource : `${resource}/${subresource}`
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(namespace)}`
  return `${who} resource ${quote(what)} in API group ${quote(group)} ${where}`
}

/** A browser that guesses content types must not find markup in an error. */
const sanitize = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
