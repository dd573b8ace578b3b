/** `namespace/name`, or the bare name of a cluster-wide object. */
export const keyOf = (object: { readonly metadata: { readonly name: string; readonly namespace?: string | undefined } }): string =>
  keyFor(object.metadata.namespace, object.metadata.name)

export const keyFor = (namespace: string | undefined, name: string): string =>
  namespace === undefined || namespace === '' ? name : `${namespace}/${name}`

/** A key taken apart; `namespace` is '' for a cluster-wide object. */
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
