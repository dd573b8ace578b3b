import { containerdPidFile, containerdSocket } from '#host/containerd.ts'
import { findDaemon } from '#host/daemon.ts'
import { importImages, listImages } from '#host/images/store.ts'
import { welcomeArchive, welcomeImage } from '#host/images/welcome.ts'
import { type Layout, paths } from '#host/layout.ts'
import { layoutsHere } from '../node/layout-of.ts'
import { together } from '../together.ts'

/** Gives the image of the check's pods to those nodes of this machine that run and lack it: a cluster without the welcome application. Returns their names. */
export async function bringImage(layout: Layout): Promise<readonly string[]> {
  const nodes = await together(
    [...layoutsHere(layout)].map(async ([name, own]) => {
      const where = { stateDirectory: paths(own).containerdState }
      const socket = containerdSocket(where)
      // A node that is lost is the check's to tell.
      const isRunning = findDaemon(containerdPidFile(where)) !== undefined
      const isLacking = isRunning && !(await listImages(socket)).some((image) => image.name === welcomeImage)
      return { name, socket, isLacking }
    }),
  )
  const lacking = nodes.filter(({ isLacking }) => isLacking)
  if (lacking.length === 0) return []
  const archive = await welcomeArchive()
  await together(lacking.map(({ socket }) => importImages(socket, archive)))
  return lacking.map(({ name }) => name)
}
