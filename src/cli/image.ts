import { existsSync } from 'node:fs'
import { containerdPidFile, containerdSocket } from '#host/containerd.ts'
import { findDaemon } from '#host/daemon.ts'
import { importImages, type ListedImage, listImages, markImported, normalizeImageName, removeImage } from '#host/images/store.ts'
import { type Layout, paths } from '#host/layout.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command } from './command.ts'
import { layoutOf, layoutsHere } from './node/layout-of.ts'

export const image: Command = {
  name: 'image',
  summary: 'Import, list or remove images on every node of this machine',
  usage: 'import FILE… | list [--json] | remove NAME… [--node NAME]…',
  options: {
    node: { type: 'string', multiple: true, value: 'NAME', help: 'this node of this machine only; may be given several times' },
    json: { type: 'boolean', help: 'list as JSON' },
  },
  arguments: [1, Infinity],
  about:
    'import takes archives in the OCI layout or as "docker save" writes them. A short name such as nginx:1.7.9 becomes docker.io/library/nginx:1.7.9, as pods ask for it. Nodes that are added later get what was imported. On another machine of the cluster the command does the same there.',
  async run({ options, arguments: [action, ...rest], layout }, terminal) {
    const nodes = chosenNodes(layout, options['node'] as readonly string[] | undefined)
    switch (action) {
      case 'import':
        for (const file of needed(rest, 'wherry image import FILE…')) {
          if (!existsSync(file)) throw new WherryError('NotFound', `${file} does not exist`)
          const [names] = await Promise.all(
            nodes.map(async ({ socket }) => {
              const imported = await importImages(socket, { file })
              await markImported(socket, imported)
              return imported
            }),
          )
          for (const name of names ?? []) terminal.out(`${name}\n`)
        }
        return 0
      case 'list': {
        const images = mergeImages(await Promise.all(nodes.map(async ({ name, socket }) => ({ name, images: await listImages(socket) }))))
        if (options['json']) terminal.out(`${JSON.stringify(images)}\n`)
        else
          for (const { name, size, nodes: has } of images)
            terminal.out(`${name}  ${size}${has.length < nodes.length ? `  (only on ${has.join(', ')})` : ''}\n`)
        return 0
      }
      case 'remove':
        for (const name of needed(rest, 'wherry image remove NAME…')) await removeFrom(nodes, name)
        return 0
      default:
        throw new WherryError('BadRequest', `image can import, list and remove, not "${action}"`)
    }
  },
}

interface NodeImages {
  readonly name: string
  readonly images: readonly ListedImage[]
}

/** One line for an image, however many nodes have it. */
export function mergeImages(found: readonly NodeImages[]): readonly (ListedImage & { readonly nodes: readonly string[] })[] {
  const all = new Map<string, ListedImage & { readonly nodes: readonly string[] }>()
  for (const { name, images } of found)
    for (const image of images) {
      const key = `${image.name} ${image.digest}`
      all.set(key, { ...image, nodes: [...(all.get(key)?.nodes ?? []), name] })
    }
  return [...all.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** From all that have it; that none has it is an error. */
async function removeFrom(nodes: readonly ChosenNode[], name: string): Promise<void> {
  const wanted = normalizeImageName(name)
  const having: ChosenNode[] = []
  for (const node of nodes) if ((await listImages(node.socket)).some((image) => image.name === wanted)) having.push(node)
  for (const { socket } of having.length > 0 ? having : nodes) await removeImage(socket, name)
}

function needed(words: readonly string[], usage: string): readonly string[] {
  if (words.length === 0) throw new WherryError('BadRequest', `a name is missing: ${usage}`)
  return words
}

interface ChosenNode {
  readonly name: string
  readonly socket: string
}

/** The nodes of this machine that are named, or all. */
function chosenNodes(layout: Layout, wanted: readonly string[] | undefined): readonly ChosenNode[] {
  const all = layoutsHere(layout)
  const names = wanted ?? [...all.keys()]
  // A containerd that was killed leaves its socket behind.
  const nodes = names.map((name) => {
    const where = { stateDirectory: paths(layoutOf(layout, name)).containerdState }
    return { name, socket: containerdSocket(where), isRunning: findDaemon(containerdPidFile(where)) !== undefined }
  })
  if (!nodes.some(({ isRunning }) => isRunning))
    throw new WherryError('ServiceUnavailable', 'no node runs on this machine; "wherry up" starts one')
  const lacking = nodes.find(({ isRunning }) => !isRunning)
  if (lacking) throw new WherryError('ServiceUnavailable', `node ${lacking.name} does not run; "wherry up" takes it up`)
  return nodes
}
