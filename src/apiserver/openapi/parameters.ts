/** A parameter of a path or of its query. */
export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly type: string
}

const inQuery = (types: Readonly<Record<string, string>>): readonly Parameter[] =>
  Object.entries(types).map(([name, type]) => ({ name, in: 'query', type }))

/** Of each operation but a connection. */
export const prettyParameter = inQuery({ pretty: 'string' })

/** ListOptions (meta/v1). */
export const listParameters = inQuery({
  allowWatchBookmarks: 'boolean',
  continue: 'string',
  fieldSelector: 'string',
  labelSelector: 'string',
  limit: 'integer',
  resourceVersion: 'string',
  resourceVersionMatch: 'string',
  sendInitialEvents: 'boolean',
  shardSelector: 'string',
  timeoutSeconds: 'integer',
  watch: 'boolean',
})

/** GetOptions, which only kinds of definitions name. */
export const getParameters = inQuery({ resourceVersion: 'string' })

/** CreateOptions and UpdateOptions. */
export const writeParameters = inQuery({ dryRun: 'string', fieldManager: 'string', fieldValidation: 'string' })
/** Of a patch; `force` is an apply's. */
export const patchParameters = [...writeParameters, ...inQuery({ force: 'boolean' })]

/** DeleteOptions, as far as a query holds them. */
export const deleteParameters = inQuery({
  dryRun: 'string',
  gracePeriodSeconds: 'integer',
  ignoreStoreReadErrorWithClusterBreakingPotential: 'boolean',
  orphanDependents: 'boolean',
  propagationPolicy: 'string',
})

const aboutWatching: ReadonlySet<string> = new Set(['allowWatchBookmarks', 'watch'])
/** Which objects, and how each is deleted. */
export const deleteCollectionParameters = [...listParameters.filter(({ name }) => !aboutWatching.has(name)), ...deleteParameters]

/** What a path names in braces. */
export const pathParameters = (path: string): readonly Parameter[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name: name!, in: 'path', type: 'string' }))

/** In the order in which documents list them. */
export const inOrderOfName = (parameters: readonly Parameter[]): readonly Parameter[] =>
  parameters.toSorted((a, b) => (a.name === b.name ? (a.in < b.in ? -1 : 1) : a.name < b.name ? -1 : 1))
