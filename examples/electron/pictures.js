// An app's icon, where the system has one: the program's on Windows, the bundle's on macOS. Elsewhere
// there is none, and the page shows a coloured letter.

const { app, nativeImage } = require('electron')

const SIZE_PX = 64

class Pictures {
  /** By file: a promise of its icon; `null`: not requested yet. */
  #pictures = new Map()

  /** The page may request only files that it was sent before. */
  allow(file) {
    if (file !== null && !this.#pictures.has(file)) this.#pictures.set(file, null)
  }

  /** @returns {Promise<string | null>} a data: URL */
  async of(file) {
    if (!this.#pictures.has(file)) return null
    const picture = this.#pictures.get(file) ?? read(file)
    this.#pictures.set(file, picture)
    return picture
  }
}

/** Never rejects: a file without an icon is shown as a letter. */
async function read(file) {
  try {
    const image = await imageOf(file)
    return image === null || image.isEmpty() ? null : image.toDataURL()
  } catch {
    return null
  }
}

async function imageOf(file) {
  if (process.platform === 'win32') return app.getFileIcon(file, { size: 'normal' })
  // There `getFileIcon` returns the icon of the file type, the same for every app.
  const isBundle = process.platform === 'darwin' && file.endsWith('.app')
  if (!isBundle) return null
  return nativeImage.createThumbnailFromPath(file, { width: SIZE_PX, height: SIZE_PX })
}

exports.Pictures = Pictures
