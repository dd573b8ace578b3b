import { type Document, isMap, isScalar, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml'
import { WherryError } from '#lib/errors.ts'

/** One cluster with one way in, as kubectl's configuration file has it. Certificates and keys are PEM text. */
export interface KubeconfigEntry {
  /** Of the context, the cluster and, as `<name>-admin`, the user. */
  readonly name: string
  /** `https://127.0.0.1:6443` */
  readonly server: string
  readonly caCertificate: string
  readonly certificate: string
  readonly key: string
}

/** A configuration file with this one context. */
export const kubeconfig = (entry: KubeconfigEntry): string => mergeKubeconfig('', entry)

/**
 * `existing` with the entry's cluster, user and context added, or replaced where they have its names. Everything else stays: other entries,
 * comments, unknown fields, order. The current context is set when there was none, or when asked for. Errors: `Invalid` when the
 * text is no kubeconfig; then the caller must not write.
 */
export function mergeKubeconfig(existing: string, entry: KubeconfigEntry, options: { readonly makeCurrent?: boolean } = {}): string {
  const document = open(existing)
  const root = document.contents as YAMLMap
  if (!root.has('apiVersion')) root.set('apiVersion', 'v1')
  if (!root.has('kind')) root.set('kind', 'Config')
  const user = userOf(entry.name)
  put(document, 'clusters', entry.name, 'cluster', { server: entry.server, 'certificate-authority-data': base64(entry.caCertificate) })
  put(document, 'users', user, 'user', { 'client-certificate-data': base64(entry.certificate), 'client-key-data': base64(entry.key) })
  put(document, 'contexts', entry.name, 'context', { cluster: entry.name, user })
  if (options.makeCurrent === true || !root.get('current-context')) root.set('current-context', entry.name)
  return document.toString({ lineWidth: 0 })
}

/** `existing` without the context `name`, its cluster and its user, unless another context uses those. */
export function removeFromKubeconfig(existing: string, name: string): string {
  const document = open(existing)
  const root = document.contents as YAMLMap
  const before = JSON.stringify(document.toJS())
  drop(document, 'contexts', name)
  const others = (listOf(document, 'contexts')?.items ?? []).map((item) => (isMap(item) ? item.get('context') : undefined)).filter(isMap)
  if (!others.some((context) => context.get('cluster') === name)) drop(document, 'clusters', name)
  if (!others.some((context) => context.get('user') === userOf(name))) drop(document, 'users', userOf(name))
  if (root.get('current-context') === name) root.set('current-context', '')
  return JSON.stringify(document.toJS()) === before ? existing : document.toString({ lineWidth: 0 })
}

const userOf = (name: string): string => `${name}-admin`
const base64 = (text: string): string => Buffer.from(text).toString('base64')

function open(text: string): Document {
  const document = parseDocument(text === '' ? '{}\n' : text, { keepSourceTokens: false })
  const problem = document.errors[0]
  if (problem !== undefined) throw new WherryError('Invalid', `the kubeconfig is not YAML: ${problem.message}`, { cause: problem })
  // An empty file, or one with comments only.
  if (document.contents === null) document.contents = document.createNode({}) as never
  if (!isMap(document.contents))
    throw new WherryError('Invalid', 'the kubeconfig is no mapping: it should hold clusters, users and contexts')
  if (document.contents.items.length === 0) document.contents.flow = false
  for (const field of ['clusters', 'users', 'contexts']) {
    const value = document.contents.get(field, true)
    if (value !== undefined && !isSeq(value) && !(isScalar(value) && value.value === null))
      throw new WherryError('Invalid', `the kubeconfig's ${field} is no list`)
  }
  return document
}

function listOf(document: Document, field: string): YAMLSeq | undefined {
  const value = (document.contents as YAMLMap).get(field, true)
  return isSeq(value) ? value : undefined
}

function put(document: Document, field: string, name: string, part: string, value: object): void {
  let list = listOf(document, field)
  if (list === undefined) {
    list = document.createNode([]) as YAMLSeq
    ;(document.contents as YAMLMap).set(field, list)
  }
  if (list.items.length === 0) list.flow = false
  const present = list.items.find((item) => isMap(item) && item.get('name') === name)
  if (isMap(present)) present.set(part, document.createNode(value))
  else list.add(document.createNode({ [part]: value, name }))
}

function drop(document: Document, field: string, name: string): void {
  const list = listOf(document, field)
  if (list !== undefined) list.items = list.items.filter((item) => !isMap(item) || item.get('name') !== name)
}
