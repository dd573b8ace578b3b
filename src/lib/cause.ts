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

/** One write as it was committed. */
export interface WriteEntry {
  readonly revision: number
  /** RFC 3339. */
  readonly time: string
  readonly user: string
  /** The program: a field manager, or `kube-apiserver` for what the server does by itself. */
  readonly manager: string
  readonly verb: string
  readonly subresource: string
  /** What led the writer to it; people say nothing. */
  readonly cause?: Cause
}

/** Carries a cause in a request. Who reads it trusts it no further than the user who sent it. */
export const causeHeader = 'wherry-cause'

/**
 * `apps/replicasets/shop/web-7d4@1234`; a group or namespace that there is not is empty. A header holds ASCII only, and names of RBAC's objects
 * may hold anything: what has no place in a URL is escaped as there.
 */
export const formatCause = ({ group, resource, namespace, name, resourceVersion }: Cause): string =>
  `${group}/${resource}/${namespace}/${encodeURIComponent(name.toWellFormed()).replaceAll('%3A', ':')}@${resourceVersion}`

/** Undefined for anything that `formatCause` did not make. */
export function parseCause(text: string): Cause | undefined {
  const [, group, resource, namespace, escaped, resourceVersion] = form.exec(text) ?? []
  const name = unescaped(escaped ?? '')
  if (resource === undefined || name === '' || name.length > nameLengthMax) return undefined
  return { group: group!, resource, namespace: namespace!, name, resourceVersion: resourceVersion! }
}

/** '' for what no escaping gives. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

const nameLengthMax = 253
/** A character of a name takes nine at most when it is escaped. */
const form = /^([a-z0-9.-]{0,253})\/([a-z0-9-]{1,253})\/([a-z0-9-]{0,63})\/([^/@]{1,2277})@(\d{1,20})$/
