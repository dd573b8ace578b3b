import type { Config } from '#host/config.ts'
import { checkMachineRanges } from '#host/machines/machine-ranges.ts'
import { machineRanges } from '#host/machines/machines.ts'
import { addMachines, listMachines } from '#host/machines/registry.ts'
import { bringUpNodes, type NodesBasis } from './bring-up-nodes.ts'
import { furtherNames, nodeNames } from './names.ts'
import { addressSetting, serverForFurther } from './node-settings.ts'
import { finishLeaving } from './take-away.ts'

/**
 * What `wherry up` does for all nodes of the machine but the first: takes up those that are there, finishes removals that were stopped, and adds
 * what is missing for the machine to have as many as wanted.
 */
export async function bringUpFurther(basis: NodesBasis, wanted: number): Promise<void> {
  const { layout, config, connection, progress } = basis
  if (listMachines(layout).some(({ isLeaving }) => isLeaving))
    await progress.step(
      'Finishing an earlier removal',
      () => finishLeaving(layout, connection.client),
      (names) => names.join(', '),
    )
  const present = listMachines(layout)
  const missing = wanted - 1 - present.length
  if (missing > 0) {
    const taken = [...(await nodeNames(connection.client)), ...present.map(({ name }) => name)]
    addMachines(layout, furtherNames(config.nodeName, taken, missing), machineRanges(config))
  }
  await bringUpNodes(basis, listMachines(layout))
}

/** Finds out before anything is started whether this machine can have further nodes. */
export function checkFurther(config: Config): void {
  serverForFurther(config)
  const ranges = machineRanges(config)
  checkMachineRanges(ranges, config)
  addressSetting(
    config,
    ranges.map(({ gateway }) => gateway),
  )
}
