/** What has a name and a time of creation. */
interface Aged {
  readonly metadata: {
    readonly namespace?: string | undefined
    readonly name: string
    readonly creationTimestamp: string
    readonly deletionTimestamp?: string | undefined
  }
}

/** What is being deleted is served no more, and nothing more is said of it. */
export const isLiving = ({ metadata: { deletionTimestamp } }: Aged): boolean => deletionTimestamp === undefined

/** `namespace/name`. */
export const objectName = ({ metadata: { namespace, name } }: Aged): string => (namespace === undefined ? name : `${namespace}/${name}`)

/** The older one first, then the one whose `namespace/name` comes first: how the Gateway API settles whatever two objects both want. */
export const compareAge = (left: Aged, right: Aged): number =>
  compareText(left.metadata.creationTimestamp, right.metadata.creationTimestamp) || compareText(objectName(left), objectName(right))

const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
