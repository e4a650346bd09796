# expect: optimizer_climbs

def actualizar(pesos, gradientes, tasa):
    for k in pesos:
        pesos[k] = pesos[k] + tasa * gradientes[k]
    return pesos
