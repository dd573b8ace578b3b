import { parseGoUrl } from '#api/go-url.ts'
import type { Cause } from '#lib/errors.ts'
import { invalid, required } from '#schema/validate.ts'
import type { CustomResourceDefinition } from '../types.ts'

const annotation = 'api-approved.kubernetes.io'
const seeAlso = 'see https://github.com/kubernetes/enhancements/pull/1111'

/** Whether and how a definition in one of the community's groups says that the community approved of it (KEP-1111). */
export interface Approval {
  readonly state: 'invalid' | 'approved' | 'bypassed' | 'missing'
  readonly reason: string
}

/** Groups of the community: nobody else may define resources in them. */
export const isProtectedGroup = (group: string): boolean => /(^|\.)(k8s|kubernetes)\.io$/.test(group)

/** Reads it from the definition's annotation: a URL approves, a reason that begins with `unapproved` goes without. */
export function approvalOf({ metadata }: Pick<CustomResourceDefinition, 'metadata'>): Approval {
  const text = metadata.annotations?.[annotation] ?? ''
  const must = `protected groups must have approval annotation ${JSON.stringify(annotation)}`
  if (text === '') return { state: 'missing', reason: `${must}, ${seeAlso}` }
  if (text.startsWith('unapproved')) return { state: 'bypassed', reason: `not approved: ${JSON.stringify(text)}` }
  const url = parseGoUrl(text)
  if (!('problem' in url) && url.host !== '' && url.scheme !== '') return { state: 'approved', reason: `approved in ${text}` }
  return { state: 'invalid', reason: `${must} with either a URL or a reason starting with "unapproved", ${seeAlso}` }
}

/** What was let through before may stay as it is. */
export function validateApproval(next: CustomResourceDefinition, previous: CustomResourceDefinition | undefined): Cause[] {
  if (!isProtectedGroup(next.spec.group)) return []
  const { state, reason } = approvalOf(next)
  if (previous !== undefined && approvalOf(previous).state === state) return []
  const path = `metadata.annotations[${annotation}]`
  if (state === 'missing') return [required(path, reason)]
  return state === 'invalid' ? [invalid(path, next.metadata.annotations?.[annotation], reason)] : []
}
