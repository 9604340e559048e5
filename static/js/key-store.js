/* Keys that a person asked this device to remember: IndexedDB keeps them as keys that no script can read back. */

const [DATABASE, STORE] = ["cloudapi-log-keys", "keys"];

function opened() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "fingerprint" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function done(mode, work) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const asked = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onerror = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/* Only the browser's own keys: others are plain bytes, which anybody at this device could read. */
export async function remember(key) {
  if (!key.native) return false;
  try {
    await done("readwrite", (store) => store.put(key));
    return true;
  } catch {
    return false; // a private window, or no room
  }
}

export const recall = (fingerprint) => done("readonly", (store) => store.get(fingerprint)).catch(() => undefined);

export const forget = (fingerprint) => done("readwrite", (store) => store.delete(fingerprint)).catch(() => undefined);
