import { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { type Command, type Plan, settled } from '#loop/controller.ts'
import { localClass, localDriver } from './names.ts'

export interface ClassView {
  readonly about: 'class'
  readonly hasDriver: boolean
  readonly hasClass: boolean
  /** Another class is the default. */
  readonly hasDefault: boolean
}

/** Keeps the class and its driver's object there. Who wants another default says so on the class; what is there is never changed. */
export function planClass({ hasDriver, hasClass, hasDefault }: ClassView): Plan {
  const driver: Command = { do: 'create', kind: CSIDriver, object: driverObject, ifExists: 'keep' }
  const annotations = hasDefault ? {} : { 'storageclass.kubernetes.io/is-default-class': 'true' }
  const storageClass: Command = {
    do: 'create',
    kind: StorageClass,
    object: {
      metadata: { name: localClass, annotations },
      provisioner: localDriver,
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'WaitForFirstConsumer',
    },
    ifExists: 'keep',
  }
  const commands = [...(hasDriver ? [] : [driver]), ...(hasClass ? [] : [storageClass])]
  return commands.length === 0 ? settled : { commands, wakeAt: Infinity }
}

/** Directories need no attachment, and belong to the pod whose volume they are. */
const driverObject = {
  metadata: { name: localDriver },
  spec: { attachRequired: false, podInfoOnMount: false, fsGroupPolicy: 'File', volumeLifecycleModes: ['Persistent'] },
}
