/** What a request to the kubelet asks, as resource attributes of its node: `nodes/<subresource>`. */
export interface KubeletAttributes {
  readonly verb: string
  /** Any one of them is enough: the fine-grained one, then the wide one (KEP-2862). */
  readonly subresources: readonly string[]
}

const verbs: Readonly<Record<string, string>> = { POST: 'create', GET: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }

const subresourceOf: readonly (readonly [path: string, subresources: readonly string[]])[] = [
  ['/pods', ['pods', 'proxy']],
  ['/runningpods', ['pods', 'proxy']],
  ['/healthz', ['healthz', 'proxy']],
  ['/configz', ['configz', 'proxy']],
  ['/stats', ['stats']],
  ['/metrics', ['metrics']],
  ['/logs', ['log']],
  ['/checkpoint', ['checkpoint']],
  ['/statusz', ['statusz']],
  ['/flagz', ['configz']],
]

/** The table of the API docs, "Kubelet authorization"; what it does not name is `nodes/proxy`. */
export function kubeletAttributes(method: string, path: string): KubeletAttributes {
  const found = subresourceOf.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))
  return { verb: verbs[method] ?? '', subresources: found?.[1] ?? ['proxy'] }
}
