"""Varied molecules for the force field: what MMFF94 types, from ions to complexes."""

SMILES = """
CC CCC CC(C)C CC(C)(C)C C1CC1 C1CCC1 C1CCCCC1 C=C CC=C C=CC=C C1=CCC1 C#C CC#C C#CC#C C=C=C
c1ccccc1 Cc1ccccc1 c1ccc2ccccc2c1 c1ccc(cc1)-c1ccccc1 C=Cc1ccccc1 C#Cc1ccccc1 C1=CCC=C1
CO CCO CC(O)C OCCO COC C1CO1 C1CCOC1 c1ccoc1 C=O CC=O CC(C)=O O=C1CCCCC1 CC(=O)O CC(=O)[O-] COC(C)=O
CC(=O)OC(C)=O O=C=O Oc1ccccc1 [O-]c1ccccc1 COc1ccccc1 C=C=O OO COO O=CC=O
CN CNC CN(C)C C[NH3+] C[N+](C)(C)C C1CN1 C1CCNCC1 c1cc[nH]c1 c1ccncc1 c1cc[nH+]cc1 c1cnc[nH]1 c1ncc[nH]1
CC#N C=CC#N N#Cc1ccccc1 CN=C CC=NO CN=NC NN CNC(C)=O NC=O CC(N)=O NC(N)=O NC(N)=[NH2+] C[N+](=O)[O-]
O=[N+]([O-])c1ccccc1 c1ccc(cc1)N=Nc1ccccc1 Nc1ccccc1 CN=[N+]=[N-] CN=C=O CN=C=S O=C1NC(=O)c2ccccc12 C[N+]#[C-]
CF C(F)(F)F FC(F)=C(F)F CCl ClCCl C(Cl)(Cl)Cl CBr CI Fc1ccccc1 Clc1ccccc1 Brc1ccccc1 Ic1ccccc1 FC#CF
CS CSC CSSC c1ccsc1 CS(C)=O CS(C)(=O)=O CS(=O)(=O)[O-] CS(N)(=O)=O S=C(N)N C1CS1 CC(=S)N S=C=S c1cscn1
CP CP(C)C CP(=O)(C)C COP(=O)(OC)OC COP(=O)([O-])OC C[P+](C)(C)C C=P
C[Si](C)(C)C C[SiH3] C[SiH2]C
[Na+].CC(=O)[O-] [Cl-].C[NH3+] O.O O.CO c1ccccc1.O CC(=O)O.CC(=O)N [K+].O [Mg+2].O
C#Cc1c(F)c(F)c(C#C)cc1 C#Cc1c(C#N)c(C#N)c(C#C)cc1 C#Cc1c(Cl)c(Cl)c(C#C)cc1
C[C@@H]1CCc2ccc3ccccc3c2C1=C1c2ccccc2Sc2ccccc12 C[C@@H]1Cc2ccc3ccccc3c2C1=C1c2ccccc2-c2ccccc12
CC(=O)Oc1ccccc1C(=O)O CN1C=NC2=C1C(=O)N(C(=O)N2C)C C[C@H](N)C(=O)O C[C@H]([NH3+])C(=O)[O-] OC[C@H]1OC(O)[C@H](O)[C@@H](O)[C@@H]1O
c1ccc2[nH]ccc2c1 c1ccc2ncccc2c1 C1CN2CCC1CC2 C1COCCOCCOCCOCCOCCO1 O=C1c2ccccc2C(=O)c2ccccc12 FC(F)(F)c1ccccc1
""".split()  # fmt: skip
