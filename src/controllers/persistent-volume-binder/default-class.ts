import type { StorageClass } from '#api/storage/v1/storage-class.ts'

const annotations = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']

export const isDefaultClass = ({ metadata }: StorageClass): boolean =>
  annotations.some((annotation) => metadata.annotations?.[annotation] === 'true')

/** The class that claims without one get (KEP-3333): of several, the newest, and of those the first by name. */
export const defaultClassOf = (classes: readonly StorageClass[]): StorageClass | undefined =>
  classes
    .filter(isDefaultClass)
    .toSorted(({ metadata: a }, { metadata: b }) =>
      a.creationTimestamp === b.creationTimestamp
        ? a.name < b.name
          ? -1
          : 1
        : (a.creationTimestamp ?? '') < (b.creationTimestamp ?? '')
          ? 1
          : -1,
    )[0]
