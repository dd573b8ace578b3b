/** Driver, provisioner and class of volumes that are directories of a node; the node agent serves the driver itself. */
export const localDriver = 'local.wherry.dev'
export const localClass = 'local'

/**
 * On a Node: what is to become of the directory of a released volume, by the volume's name. The controller writes `wanted`, the node's agent
 * removes the directory and writes `done`; then the volume goes, and the annotation with it.
 */
export const deletionAnnotation = (volume: string): string => `delete.${localDriver}/${volume}`

/** On a PersistentVolume: its directory is to be removed before it goes. */
export const directoryFinalizer = `${localDriver}/directory`

/** The volumes whose directories a node is asked to remove. */
export const deletionsOf = (annotations: Readonly<Record<string, string>> | undefined): readonly string[] =>
  Object.keys(annotations ?? {}).flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []))

const prefix = deletionAnnotation('')
