import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Client } from '#client/client.ts'
import { stopDaemon } from '#host/daemon.ts'
import { type Layout, paths } from '#host/layout.ts'
import { type Machine, machinePaths } from '#host/machines/machine.ts'
import { removeMachineBridge } from '#host/machines/machine-network.ts'
import { removeMachine } from '#host/machines/machines.ts'
import { listMachines, markLeaving } from '#host/machines/registry.ts'
import { isError } from '#lib/errors.ts'

/**
 * Takes a further node away for good, drained or not: first it is written down that it goes, so that a call that is stopped here is finished by the
 * next one; then its agent ends, which would register the node anew; then the Node goes, and the machine with all that runs in it.
 */
export async function takeAway(layout: Layout, client: Client, machine: Machine): Promise<void> {
  // Without a record the Node went before; one of this name would be another machine's.
  const isKnown = machine.index > 0
  if (isKnown) markLeaving(layout, machine)
  await stopDaemon(paths(machinePaths(layout, machine.name).layout).agentPid)
  if (isKnown) await deleteNode(client, machine.name)
  await removeMachine(layout, machine)
  if (isKnown) await deletePods(client, machine.name)
  if (listMachines(layout).length === 0) await removeMachineBridge()
}

/** Finishes removals that were stopped half-way; returns the names of those nodes. */
export async function finishLeaving(layout: Layout, client: Client): Promise<readonly string[]> {
  const leaving = listMachines(layout).filter(({ isLeaving }) => isLeaving)
  for (const machine of leaving) await takeAway(layout, client, machine)
  return leaving.map(({ name }) => name)
}

export const deleteNode = (client: Client, name: string): Promise<void> => unlessGone(client.delete(Node, name))

/** Those of DaemonSets and static ones, which nobody drains: they have ended with the node, and nobody is left to say so. */
async function deletePods(client: Client, node: string): Promise<void> {
  const { items } = await client.list(Pod, { fieldSelector: `spec.nodeName=${node}` })
  for (const { metadata } of items)
    await unlessGone(
      client.delete(Pod, metadata.name, {
        namespace: metadata.namespace!,
        gracePeriodSeconds: 0,
        preconditions: { uid: metadata.uid! },
      }),
    )
}

async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    // A pod of the same name with another uid is a new one: that is no matter of ours.
    if (!isError(error, 'NotFound') && !isError(error, 'Conflict')) throw error
  }
}
