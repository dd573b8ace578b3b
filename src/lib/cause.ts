/** What led to a write: an object as it was at a resourceVersion. Writers send it along; the API server keeps it for `wherry why`. */
export interface Cause {
  readonly group: string
  /** The plural: `replicasets`. */
  readonly resource: string
  /** '' for what is in no namespace. */
  readonly namespace: string
  readonly name: string
  readonly resourceVersion: string
}

/** Carries a cause in a request. Who reads it trusts it no further than the user who sent it. */
export const causeHeader = 'wherry-cause'

/** `apps/replicasets/shop/web-7d4@1234`; a group or namespace that there is not is empty. */
export const formatCause = ({ group, resource, namespace, name, resourceVersion }: Cause): string =>
  `${group}/${resource}/${namespace}/${name}@${resourceVersion}`

/** Undefined for anything that `formatCause` did not make. */
export function parseCause(text: string): Cause | undefined {
  const [, group, resource, namespace, name, resourceVersion] = form.exec(text) ?? []
  if (resource === undefined) return undefined
  return { group: group!, resource, namespace: namespace!, name: name!, resourceVersion: resourceVersion! }
}

/** Names are at most 253 characters long, and RBAC's may hold almost anything but a slash. */
const form = /^([a-z0-9.-]{0,253})\/([a-z0-9-]{1,253})\/([a-z0-9-]{0,63})\/([^/@]{1,253})@(\d{1,20})$/
