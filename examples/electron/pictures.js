// An app's own picture, where the system has one: the program's icon on Windows, the bundle's on
// macOS. Elsewhere there is none, and the page shows a coloured letter.

const { app, nativeImage } = require('electron')

const SIZE_PX = 64

class Pictures {
  /** By file: its picture, read or being read; `null`: not asked for yet. */
  #pictures = new Map()

  /** The page may ask only for files that it was told of. */
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

/** Never rejects: a file without a picture is shown by a letter. */
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
  // `getFileIcon` goes by the file's type there: each app would have the same picture.
  const isBundle = process.platform === 'darwin' && file.endsWith('.app')
  if (!isBundle) return null
  return nativeImage.createThumbnailFromPath(file, { width: SIZE_PX, height: SIZE_PX })
}

exports.Pictures = Pictures
