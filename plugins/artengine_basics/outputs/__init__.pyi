from . import curves as curves, films as films, filmstrip as filmstrip, stills as stills
