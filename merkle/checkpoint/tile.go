package checkpoint

import (
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// TileHeight is the height of tiles: 256 hashes make a whole one.
const TileHeight = 8

// maxLevel is the level of the highest tile of the largest log.
const maxLevel = 6

// TilePath is a tile's path below the log's address, as tlog-tiles has it: tile/LEVEL/NUMBER, and .p/WIDTH after it where it is not whole.
func TilePath(t tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", TileHeight))
}

// ParseTilePath is the strict inverse of [TilePath].
func ParseTilePath(path string) (tlog.Tile, error) {
	rest, ok := strings.CutPrefix(path, "tile/")
	t, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s", TileHeight, rest))
	if !ok || err != nil || t.L < 0 || t.L > maxLevel || TilePath(t) != path {
		return tlog.Tile{}, fmt.Errorf("%q is no path of a tile", path)
	}
	return t, nil
}

// Tiles are all tiles of a log of a size.
func Tiles(size int64) []tlog.Tile {
	if size == 0 {
		return nil
	}
	return tlog.NewTiles(TileHeight, 0, size)
}
